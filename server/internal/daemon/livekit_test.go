//go:build !nomedia

package daemon

import (
	"log/slog"
	"strings"
	"testing"

	"usersig/server/internal/config"
)

// TestCheckCalls: files that only calls need are opened too, and addresses are this
// machine's.
func TestCheckCalls(t *testing.T) {
	turn := func(c *config.Config) {
		c.Media.TURN = []config.TURN{{URLs: []string{"turn:turn.example.org"}, SecretFile: "nosuch"}}
	}
	for name, c := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"TURN":              {turn, "media: turn[0].secret_file: "},
		"TURN, media off":   {func(c *config.Config) { turn(c); c.Media.Enabled = "off" }, "media: turn[0].secret_file: "},
		"Redis":             {func(c *config.Config) { c.Media.Redis.Address, c.Media.Redis.PasswordFile = "localhost:6379", "nosuch" }, "media: redis.password_file: "},
		"Redis's CA":        {func(c *config.Config) { c.Media.Redis.TLS, c.Media.Redis.RootFile = true, "nosuch" }, "media: redis.root_file: "},
		"hooks":             {func(c *config.Config) { c.Hooks.Enabled, c.Hooks.SecretFile = true, "nosuch" }, "hooks.secret_file: "},
		"demo config":       {func(c *config.Config) { c.Media.DemoConfig = "nosuch" }, "media.demo_config: "},
		"another's address": {func(c *config.Config) { c.Media.Address = "203.0.113.7" }, "media.bind: ["},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configure(t, func(c *config.Config) { c.Data, c.Media.Enabled = t.TempDir(), "on" })
			if err := Check(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
				t.Errorf("what is good: %v", err)
			}
			c.change(cfg)
			if err := Check(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check = %v, want %q", err, c.want)
			}
		})
	}
}
