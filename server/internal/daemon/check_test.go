package daemon

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usersig/server/internal/config"
	"usersig/server/internal/custody"
)

// TestCheck: what a start would stop at is said before, all at once.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"KEK":         {func(c *config.Config) { c.KEK = "nosuch" }, "open KEK file: "},
		"older KEK":   {func(c *config.Config) { c.KEKOlder = []string{"nosuch"} }, "open KEK file: "},
		"KMS":         {func(c *config.Config) { c.KEK = "gcp-kms://projects/p" }, "no KMS client"},
		"certificate": {func(c *config.Config) { c.TLS.Cert, c.TLS.Key = "nosuch", "nosuch" }, "tls.cert: "},
		"URL":         {func(c *config.Config) { c.StoreURL = "postgres://u@127.0.0.1/d?connect_timeout=x" }, "URL of the store"},
		"ACME root":   {func(c *config.Config) { c.TLS.ACME.RootFile = "nosuch" }, "tls.acme.root_file: "},
		"data":        {func(c *config.Config) { chmod(t, c.Data, 0o777) }, "can be changed by others"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configure(t, func(c *config.Config) { c.Data = t.TempDir() })
			if err := custody.CreateFile(cfg.DataFile(kekFile)); err != nil {
				t.Fatal(err)
			}
			if err := Check(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
				t.Errorf("what is good: %v", err)
			}
			c.change(cfg)
			if err := Check(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check = %v, want %q", err, c.want)
			}
			if left, _ := os.ReadDir(cfg.Data); len(left) != 1 {
				t.Errorf("the data folder has %v in it", left)
			}
		})
	}
	none := configure(t, func(c *config.Config) { c.Data = filepath.Join(t.TempDir(), "none") })
	if err := Check(t.Context(), none, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("before the first start: %v", err)
	}
}

// TestCheckDeclared: keys and settings of a stateless signer, whose log stays untouched.
func TestCheckDeclared(t *testing.T) {
	cfg, _ := stateless(t)
	cfg.Audit = filepath.Join(t.TempDir(), "log")
	if err := Check(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(cfg.Audit); err == nil {
		t.Error("the log was made")
	}
	cfg.Apps[0].UserIDs, cfg.Apps[1].KeyFile = "foo", "nosuch"
	err := Check(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "apps[0]: ") || !strings.Contains(err.Error(), "apps[1]: key_file: ") {
		t.Errorf("Check = %v", err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
