package quickstart_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usersig"
)

// region signer
// openSigner reads the private_key from the application's keys.zip. A signer is safe for
// concurrent use: make one, and keep it.
func openSigner(app uint32, privateKeyFile string) (*usersig.Signer, error) {
	text, err := os.ReadFile(privateKeyFile)
	if err != nil {
		return nil, err
	}
	key, err := usersig.ParsePrivateKey(text)
	if err != nil {
		return nil, err
	}
	return usersig.NewSigner(app, key, nil)
}

// endregion

// region tokens
// usersigOf is for a user who has logged in to the app.
func usersigOf(s *usersig.Signer, user string) (string, error) {
	return s.Sign(usersig.Claims{UserID: user, TTL: 24 * time.Hour})
}

// privateMapKeyOf lets a user enter one room, listen and watch.
func privateMapKeyOf(s *usersig.Signer, user string, room uint32) (string, error) {
	grant := usersig.Grant{Room: usersig.Room{ID: room}, Allow: usersig.Audience}
	return s.Sign(usersig.Claims{UserID: user, TTL: time.Hour, Grant: &grant})
}

// endregion

// region verify
// check says why a token is refused, or nothing. It knows the public key, and nothing of
// what was revoked or blocked since.
func check(ctx context.Context, app uint32, publicKey []byte, token, user string) (code int, reason, remedy string, err error) {
	key, err := usersig.ParsePublicKey(publicKey)
	if err != nil {
		return 0, "", "", err
	}
	v, err := usersig.NewVerifier(app, []usersig.VerifyingKey{key}, nil)
	if err != nil {
		return 0, "", "", err
	}
	_, err = v.Verify(ctx, token, user)
	if r, refused := usersig.RefusalOf(err); refused {
		return r.Code, r.Reason, r.Remedy, nil
	}
	return 0, "", "", err
}

// endregion

// TestGo: what the library signs with the key that was handed out, the server verifies.
func TestGo(t *testing.T) {
	checkShown(t, "quickstart/go.md", "go", "go_test.go")
	s := start(t)
	app := s.newApp("none")
	signer, err := openSigner(app.App.ID, unzip(t, app.KeysZip, "private_key"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := usersigOf(signer, "alice")
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := privateMapKeyOf(signer, "alice", 1001)
	if err != nil {
		t.Fatal(err)
	}
	for _, question := range []object{
		{"token": token, "userid": "alice"},
		{"token": ticket, "userid": "alice", "room": object{"id": 1001}},
	} {
		var verdict struct {
			OK bool `json:"ok"`
		}
		if s.must("POST", app.path()+"/verify", question, &verdict); !verdict.OK {
			t.Errorf("the server refuses %v", question)
		}
	}
	public := []byte(app.Key.Public)
	if code, reason, _, err := check(t.Context(), app.App.ID, public, token, "alice"); code != 0 || err != nil {
		t.Errorf("check: %d %s %v", code, reason, err)
	}
	if code, reason, remedy, err := check(t.Context(), app.App.ID, public, token, "bob"); code != 70013 || reason != "user_mismatch" || remedy == "" || err != nil {
		t.Errorf("check of another user: %d %s %q %v", code, reason, remedy, err)
	}
}

// unzip writes one file of keys.zip to the disk.
func unzip(t *testing.T, archive []byte, name string) (path string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), name), string(text))
}
