package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

func configOf(audit, data string) *config.Config {
	return &config.Config{Audit: audit, Data: data, Apps: make([]config.App, 1)}
}

const aSecret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// stateless returns a configuration with an application of each scheme, and a
// credential for the first.
func stateless(t *testing.T) (cfg *config.Config, token string) {
	t.Helper()
	dir := t.TempDir()
	key, err := usersig.GenerateKey(usersig.Secp256k1)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.EncodePEM()
	if err != nil {
		t.Fatal(err)
	}
	old, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		t.Fatal(err)
	}
	text, id, hash := issuer.DeclareAPIKey()
	all := []string{"issue", "verify", "revoke", "read"}
	return configure(t, func(c *config.Config) {
		c.Apps = []config.App{
			{
				SDKAppID: 1400000000, Name: "first", KeyFile: write(t, filepath.Join(dir, "private_key"), string(pem)),
				PublicKeyFiles: []string{write(t, filepath.Join(dir, "old_key"), string(old.Public().EncodePEM()))},
				APIKeys:        []config.APIKey{{Name: "back end", ID: id, SHA256: fmt.Sprintf("%x", hash), Scopes: all}},
			},
			{
				SDKAppID: 1400000001, Name: "second", KeyFile: write(t, filepath.Join(dir, "secret_key"), aSecret+"\n"), MaxTTL: time.Hour,
				OIDC:    config.OIDC{Issuer: "https://id.example.org", Audience: "app"},
				APIKeys: []config.APIKey{{Name: "back end", TokenFile: write(t, filepath.Join(dir, "token"), firstText+"\n"), Scopes: all}},
			},
		}
	}), text
}

var firstText, _, _ = issuer.DeclareAPIKey()

// TestStateless: it issues and verifies, records that, and changes nothing.
func TestStateless(t *testing.T) {
	cfg, token := stateless(t)
	var out syncBuffer
	r := start(t, cfg, Options{Stdout: &out})
	for _, c := range []struct{ app, token string }{{"/v1/apps/1400000000", token}, {"/v1/apps/1400000001", firstText}} {
		r.token = c.token
		sig := r.issue(c.app, "alice")
		if !r.good(c.app, "alice", sig) || r.good(c.app, "bob", sig) {
			t.Errorf("%s: the verdict is wrong", c.app)
		}
		status, said := r.call("POST", c.app+"/users/alice/revoke", nil)
		if status != http.StatusConflict || !strings.Contains(fmt.Sprint(said["detail"]), "configuration file") {
			t.Errorf("%s: revoke = %d %v", c.app, status, said)
		}
		if status, _ := r.call("POST", c.app+"/keys/rotate", object{}); status != http.StatusForbidden {
			t.Errorf("%s: rotate = %d", c.app, status)
		}
		if entries := r.must("GET", c.app+"/audit", nil)["entries"].([]any); len(entries) < 3 {
			t.Errorf("%s: the audit log has %d entries", c.app, len(entries))
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	var check audit.Checker
	if err := ReadEntries(strings.NewReader(out.String()), check.Next); err != nil {
		t.Error(err)
	}
	if seq, _ := check.Head(); seq != 7 {
		t.Errorf("%d entries were written, want the beginning, two tokens, two conflicts and two denials", seq)
	}
	if strings.Contains(out.String()+r.log.String(), aSecret) {
		t.Error("the SECRETKEY was written somewhere")
	}
}

// TestRunsAreTold: what is written to standard output by one run after the other can be
// told apart, and what was tampered with is none.
func TestRunsAreTold(t *testing.T) {
	cfg, token := stateless(t)
	var out syncBuffer
	for range 2 {
		r := start(t, cfg, Options{Stdout: &out})
		r.token = token
		r.issue("/v1/apps/1400000000", "alice")
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	}
	var begin []int64
	n := int64(0)
	err := ReadEntries(strings.NewReader(out.String()), func(e audit.Entry) error {
		n++
		if BeginsRun(&e) {
			begin = append(begin, n)
		}
		return nil
	})
	if err != nil || n != 4 || fmt.Sprint(begin) != "[1 3]" {
		t.Errorf("of %d entries %v begin a run, %v", n, begin, err)
	}
	cfg.Audit = filepath.Join(t.TempDir(), "log")
	for range 2 {
		s, err := OpenState(t.Context(), cfg, Options{}, nil)
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(cfg.Audit); err != nil || len(text) != 0 {
		t.Errorf("a file, which goes on where it ended, has %q, %v", text, err)
	}
}

// TestStatelessReload: applications come, go and change at a signal.
func TestStatelessReload(t *testing.T) {
	cfg, token := stateless(t)
	r := start(t, cfg, Options{})
	r.token = token
	app := "/v1/apps/1400000000"
	sig := r.issue(app, "alice")

	wrong := *cfg
	wrong.Apps = append([]config.App{{SDKAppID: 1, Name: "x", KeyFile: "nosuch"}}, cfg.Apps[1:]...)
	if err := r.Reload(t.Context(), &wrong); err == nil || !strings.Contains(err.Error(), "apps[0]") {
		t.Errorf("Reload with a missing key = %v", err)
	}
	if !r.good(app, "alice", sig) {
		t.Error("a reload that was refused changed something")
	}

	next := *cfg
	next.Apps = cfg.Apps[1:]
	if err := r.Reload(t.Context(), &next); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { // the service hears of it in its own time
		status, _ := r.call("POST", app+"/usersigs", object{"userid": "alice"})
		return status == http.StatusUnauthorized
	})
	if err := r.Reload(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		status, _ := r.call("POST", app+"/usersigs", object{"userid": "alice"})
		return status == http.StatusOK
	})
	if !r.good(app, "alice", sig) {
		t.Error("the token is not good after its application came back")
	}
}

// until returns when done says so. The test's deadline is its end.
func until(t *testing.T, done func() bool) {
	t.Helper()
	for !done() {
		if t.Context().Err() != nil {
			t.Fatal("it never came")
		}
		runtime.Gosched()
	}
}

// TestSealedFile: what SealFile writes signs for its application only.
func TestSealedFile(t *testing.T) {
	dir := t.TempDir()
	if err := custody.CreateFile(filepath.Join(dir, kekFile)); err != nil {
		t.Fatal(err)
	}
	text, id, hash := issuer.DeclareAPIKey()
	cfg := configure(t, func(c *config.Config) {
		c.Data = dir
		c.Apps = []config.App{{
			SDKAppID: 1400000000, Name: "sealed", SealedFile: filepath.Join(dir, "sealed"), KeyID: "x",
			APIKeys: []config.APIKey{{Name: "back end", ID: id, SHA256: fmt.Sprintf("%x", hash), Scopes: []string{"issue"}}},
		}}
	})
	key := write(t, filepath.Join(dir, "secret_key"), aSecret)
	keyID, err := SealFile(t.Context(), cfg, 1400000000, key, cfg.Apps[0].SealedFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SealFile(t.Context(), cfg, 1400000000, key, cfg.Apps[0].SealedFile); err == nil {
		t.Error("SealFile overwrites a file")
	}
	if _, err := SealFile(t.Context(), cfg, 1400000000, "nosuch", filepath.Join(dir, "s")); err == nil {
		t.Error("SealFile of nothing is no error")
	}
	if _, err := SealFile(t.Context(), &config.Config{}, 1400000000, key, filepath.Join(dir, "s")); err == nil {
		t.Error("SealFile without a KEK is no error")
	}
	if _, err := SealFile(t.Context(), &config.Config{KEK: "nosuch"}, 1400000000, key, filepath.Join(dir, "s")); err == nil {
		t.Error("SealFile with a KEK that is not there is no error")
	}
	if sealed, _ := os.ReadFile(cfg.Apps[0].SealedFile); bytes.Contains(sealed, []byte(aSecret[:16])) {
		t.Error("the sealed file has the key in it")
	}
	refused(t, cfg, "apps[0]: open key")
	cfg.Apps[0].KeyID = keyID
	r := start(t, cfg, Options{})
	r.token = text
	r.issue("/v1/apps/1400000000", "alice")

	other := *cfg
	other.Apps = append([]config.App{}, cfg.Apps...)
	other.Apps[0].SDKAppID = 1400000001
	other.Audit = "-"
	refused(t, &other, "apps[0]: open key")
	other.KEK = "nosuch"
	refused(t, &other, "nosuch")
}

func TestDeclaredRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.App)
		want   string
	}{
		"no key":      {func(a *config.App) { a.KeyFile = "nosuch" }, "key_file: "},
		"public key":  {func(a *config.App) { a.KeyFile = a.PublicKeyFiles[0] }, "public key"},
		"private key": {func(a *config.App) { a.PublicKeyFiles = []string{a.KeyFile} }, "public_key_files: "},
		"no old key":  {func(a *config.App) { a.PublicKeyFiles = []string{"nosuch"} }, "public_key_files: "},
		"another key": {func(a *config.App) { a.KeyID = "0000000000000000" }, "key_id: "},
		"empty key":   {func(a *config.App) { a.KeyFile = os.DevNull }, "key_file: "},
		"long key":    {func(a *config.App) { a.KeyFile = long(t) }, "longer than"},
		"no sealed":   {func(a *config.App) { a.KeyFile, a.SealedFile = "", "nosuch" }, "sealed_file: "},
		"open key":    {func(a *config.App) { a.KeyFile = exposed(t, a.KeyFile) }, "chmod"},
		"user IDs":    {func(a *config.App) { a.UserIDs = "some" }, "user_ids"},
		"OIDC":        {func(a *config.App) { a.OIDC.Issuer = "http://id.example.org" }, "apps[0]: "},
		"many keys":   {func(a *config.App) { a.PublicKeyFiles = many(a.PublicKeyFiles[0]) }, "at most"},
		"hash":        {func(a *config.App) { a.APIKeys[0].SHA256 = "00" }, "api_keys[0]: sha256"},
		"no token":    {func(a *config.App) { a.APIKeys[0].TokenFile = "nosuch" }, "api_keys[0]: token_file"},
		"not a token": {func(a *config.App) { a.APIKeys[0].TokenFile = a.KeyFile }, "api_keys[0]: token_file"},
		"open token":  {func(a *config.App) { a.APIKeys[0].TokenFile = exposed(t, a.KeyFile) }, "chmod"},
		"shared token": {func(a *config.App) {
			a.APIKeys[0].ID, a.APIKeys[0].SHA256, a.APIKeys[0].TokenFile = "", "", write(t, filepath.Join(t.TempDir(), "t"), firstText)
		}, "apps[1]: api_keys[0]: it is the same credential as apps[0].api_keys[0]"},
		"folder token": {func(a *config.App) { a.APIKeys[0].TokenFile = folder(t) }, "token_file"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := stateless(t)
			c.change(&cfg.Apps[0])
			refused(t, cfg, c.want)
		})
	}
	cfg, _ := stateless(t)
	cfg.Audit = t.TempDir()
	refused(t, cfg, "audit log")
}

func long(t *testing.T) string {
	return write(t, filepath.Join(t.TempDir(), "long"), strings.Repeat("x", maxKeyFile+1))
}

func folder(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func exposed(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := write(t, filepath.Join(t.TempDir(), "exposed"), string(text))
	if err := os.Chmod(copied, 0o604); err != nil {
		t.Fatal(err)
	}
	return copied
}

func many(path string) (all []string) {
	for range usersig.MaxKeys {
		all = append(all, path)
	}
	return all
}

// TestStatelessHasNoStore: the commands for stores say so.
func TestStatelessHasNoStore(t *testing.T) {
	cfg, _ := stateless(t)
	if err := Entries(t.Context(), cfg, func(audit.Entry) error { return nil }); err == nil || !strings.Contains(err.Error(), "--file") {
		t.Errorf("Entries = %v", err)
	}
	if err := Backup(t.Context(), cfg, "b"); err == nil {
		t.Error("Backup is no error")
	}
	s, err := OpenState(t.Context(), cfg, Options{Stdout: io.Discard}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rewrap(t.Context(), time.Now); err == nil {
		t.Error("Rewrap is no error")
	}
	if err := s.store.Commit(t.Context(), nil, func(issuer.Tx) error { return nil }); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("Commit = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
