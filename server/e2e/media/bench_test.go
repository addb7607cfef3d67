package media_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/auth"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"usersig"
	"usersig/server/e2e/internal/node"
	"usersig/server/internal/access"
	"usersig/server/internal/custody"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

var operator = access.Caller{ID: "apikey:operator", Scopes: []access.Scope{access.ScopeOperator}, Request: "r1"}

// admissions measures the gate's whole decision beside the verification alone.
func admissions(t *testing.T) (table []row) {
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	kek, err := custody.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := issuer.New(t.Context(), memory.New(nil), kek, issuer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer svc.Close()
	g := gate.New(svc, gate.Options{})
	defer g.Close()
	for _, scheme := range []string{"hmac", "ecdsa"} {
		table = append(table, admission(t, svc, g, scheme))
	}
	return table
}

func admission(t *testing.T, svc *issuer.Service, g *gate.Gate, scheme string) row {
	made, err := svc.CreateApp(t.Context(), operator, issuer.NewApp{Name: scheme, Settings: issuer.Settings{Scheme: scheme, Custody: issuer.CustodyHosted}})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := svc.Issue(t.Context(), operator, made.App.ID, issuer.Wish{UserID: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	from := netip.MustParseAddr("192.0.2.1")
	c := gate.Credential{App: made.App.ID, UserID: "alice", Room: lobby, UserSig: issued.Token}
	ours := func() error { _, err := g.Enter(context.Background(), c, from); return err }
	bare := func() error { return bareVerify(made, c) }
	// They take turns, and the best of each counts.
	const rounds, calls = 10, 2000
	best, least := []time.Duration(nil), 0.0
	for range rounds {
		if got := timed(t, calls, ours); best == nil || mean(got) < mean(best) {
			best = got
		}
		if got := mean(timed(t, calls, bare)); least == 0 || got < least {
			least = got
		}
	}
	ns := mean(best)
	return row{Name: "admission " + scheme, NS: ns, BareNS: least, Ratio: ns / least, PerSecond: 1e9 / ns, P99: float64(best[calls*99/100])}
}

// bareKeys are the verifiers of bareVerify, one an application.
var bareKeys = map[uint32]*usersig.Verifier{}

func bareVerify(made issuer.Created, c gate.Credential) error {
	v := bareKeys[c.App]
	if v == nil {
		key, err := verifyingKey(made)
		if err != nil {
			return err
		}
		if v, err = usersig.NewVerifier(c.App, []usersig.VerifyingKey{key}, nil); err != nil {
			return err
		}
		bareKeys[c.App] = v
	}
	_, err := v.Verify(context.Background(), c.UserSig, c.UserID)
	return err
}

func verifyingKey(made issuer.Created) (usersig.VerifyingKey, error) {
	if made.Handout.Secret != nil {
		return made.Handout.Secret, nil
	}
	return usersig.ParsePublicKey([]byte(made.Key.Public))
}

// joins measures how long it takes to enter a room, beside LiveKit's own server with a
// token of its own.
func joins(t *testing.T) row {
	w := open(t, nil)
	a := w.app(nil)
	url, token := stock(t)
	const most = 40
	var ours, bare []time.Duration
	for i := range most {
		user := fmt.Sprintf("user_%d", i)
		c, jwt := a.credential(user, lobby), token(user)
		ours = append(ours, timed(t, 1, func() error { p, err := w.join(c); return left(p, err) })...)
		bare = append(bare, timed(t, 1, func() error {
			room, err := lksdk.ConnectToRoomWithToken(url, jwt, &lksdk.RoomCallback{})
			if err == nil {
				room.Disconnect()
			}
			return err
		})...)
	}
	w.Stop()
	return row{Name: "join", NS: mean(ours), BareNS: mean(bare), Ratio: mean(ours) / mean(bare)}
}

func left(p *party, err error) error {
	if err == nil {
		p.room.Disconnect()
	}
	return err
}

// stock starts LiveKit's own server, as it is, and returns its URL and what makes tokens.
func stock(t *testing.T) (url string, token func(user string) string) {
	t.Helper()
	const key, secret = "bench", "a secret of thirty-two characters!"
	port := node.FreePort(t)
	conf, err := config.NewConfig(fmt.Sprintf(`
port: %d
bind_addresses: ["127.0.0.1"]
keys: {%s: "%s"}
rtc: {udp_port: %d, node_ip: 127.0.0.1, use_external_ip: false, enable_loopback_candidate: true, ips: {includes: ["127.0.0.1/32"]}, stun_servers: ["127.0.0.1:1"]}
`, port, key, secret, node.FreePort(t)), true, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	local, err := routing.NewLocalNode(conf)
	if err != nil {
		t.Fatal(err)
	}
	server, err := service.InitializeServer(conf, local)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Start() }()
	t.Cleanup(func() {
		server.Stop(true)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))
	for end := time.Now().Add(patience); !server.IsRunning(); time.Sleep(10 * time.Millisecond) { // between two looks
		if time.Now().After(end) {
			t.Fatal("LiveKit does not start")
		}
	}
	return "http://" + at, func(user string) string {
		jwt, err := auth.NewAccessToken(key, secret).SetIdentity(user).SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "lobby"}).ToJWT()
		if err != nil {
			t.Fatal(err)
		}
		return jwt
	}
}

// idle measures what a session costs in memory that does nothing, in a process of its
// own.
func idle(t *testing.T) row {
	program := filepath.Join(t.TempDir(), "usersigd")
	build := exec.Command("go", "build", "-o", program, "./cmd/usersigd")
	build.Dir, build.Env = "../..", append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w := &world{node.New(t)}
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(program, "--data", data, "--init")
	cmd.Env = append(os.Environ(), "USERSIGD_LISTEN=127.0.0.1:0", fmt.Sprintf("USERSIGD_MEDIA_UDP_PORT=%d", node.FreePort(t)))
	log := &node.Lines{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	w.Base = "http://" + serving(t, log)
	text, err := os.ReadFile(filepath.Join(data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	w.Token = strings.TrimSpace(string(text))
	a := w.app(nil)
	w.crowd(a, 1) // what is made once
	const most = 100
	before := resident(t, cmd.Process.Pid)
	w.crowd(a, most)
	after := resident(t, cmd.Process.Pid)
	return row{Name: "idle session", Bytes: (after - before) / most}
}

var servingAt = regexp.MustCompile(`msg=serving address=(\S+)`)

func serving(t *testing.T, log *node.Lines) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) { // between two looks
		if m := servingAt.FindStringSubmatch(log.String()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("usersigd does not start:\n%s", log)
	return ""
}

// resident returns the memory of a process, in bytes (proc(5), VmRSS).
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
