package browser_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"usersig"
	"usersig/keyszip"
)

// interop is where the official signers are installed and driven.
const interop = "../../../interop"

// TestOfficialSigners: UserSigs made by Tencent's own npm packages open the door.
func TestOfficialSigners(t *testing.T) {
	w := open(t, nil)
	v2 := w.ownApp()
	v1, private, public := w.keyApp()
	name := usersig.Room{Name: "lobby 7"}
	tokens := official(t, []object{
		{"api": "v2.genUserSig", "app": v2.id, "user": "alice", "expire": 3600, "secret": v2.secret},
		{"api": "v2.genPrivateMapKey", "app": v2.id, "user": "alice", "expire": 3600, "secret": v2.secret, "room": lobby.ID, "privileges": 255},
		{"api": "v2.genPrivateMapKeyWithStringRoomID", "app": v2.id, "user": "alice", "expire": 3600, "secret": v2.secret, "room_name": name.Name, "privileges": 255},
		{"api": "v1.genSig", "app": v1.id, "user": "alice", "expire": 3600, "private_key": private, "public_key": public},
	})
	p := w.visit("/demo")
	for _, one := range []struct {
		name string
		app  *app
		sig  string
		want want
	}{
		{"v2", v2, tokens[0], want{room: lobby}},
		{"v2 with a PrivateMapKey", v2, tokens[0], want{room: lobby, ticket: tokens[1]}},
		{"v2 with a PrivateMapKey for a name", v2, tokens[0], want{room: name, ticket: tokens[2]}},
		{"v1", v1, tokens[3], want{room: lobby}},
	} {
		t.Run(one.name, func(t *testing.T) {
			p := p.in(t)
			p.anew()
			p.load(demoConfig{one.app.id, []user{{"alice", one.sig}}})
			one.want.silent = true
			p.enter(one.want)
			if users := one.app.users(one.want.room); len(users) != 1 {
				t.Errorf("the server says that %v are in", users)
			}
		})
	}
}

// keyApp makes an application with a key pair of ours, of which the server knows the
// public key.
func (w *world) keyApp() (a *app, private, public string) {
	w.T.Helper()
	key, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		w.T.Fatal(err)
	}
	files, err := keyszip.Files(key)
	if err != nil {
		w.T.Fatal(err)
	}
	private, public = string(files[0].Content), string(files[1].Content)
	a = &app{w: w, id: appID(w.create(object{"scheme": "ecdsa", "custody": "none"}))}
	w.Must("POST", a.path("/keys"), object{"public_key": public, "sign": true})
	return a, private, public
}

// official has the packages make tokens. They are installed as the tests in interop do
// it, which may run at the same time.
func official(t *testing.T, requests []object) []string {
	t.Helper()
	install(t)
	var in, stderr bytes.Buffer
	for _, r := range requests {
		if err := json.NewEncoder(&in).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "node", "sign.cjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = interop, &in, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the official signers: %v\n%s", err, &stderr)
	}
	tokens := make([]string, len(requests))
	answers := json.NewDecoder(bytes.NewReader(out))
	for i := range requests {
		var answer struct{ Token, Error string }
		if err := answers.Decode(&answer); err != nil || answer.Token == "" {
			t.Fatalf("%v: %v %s", requests[i]["api"], err, answer.Error)
		}
		tokens[i] = answer.Token
	}
	return tokens
}

func install(t *testing.T) {
	t.Helper()
	cache := filepath.Join(interop, "../.cache")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(cache, "interop.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(interop, "node_modules/tls-sig-api/package.json")); err == nil {
		return
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = interop
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the official signers are not here and cannot be installed: %v\n%s", err, out)
	}
}
