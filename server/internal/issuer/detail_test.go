package issuer_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"usersig/server/internal/access"
	"usersig/server/internal/issuer"
)

// The log says what was changed, from what and to what: whoever became an administrator or
// moved the identity provider is in it.
func TestUpdateIsRecordedInFull(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("ecdsa")).App.ID
		update := func(change func(*issuer.App)) string {
			t.Helper()
			_, err := w.UpdateApp(w.t.Context(), operator, app, func(a *issuer.App) error { change(a); return nil })
			w.want(err, nil)
			return w.last().Detail
		}
		for _, c := range []struct {
			change func(*issuer.App)
			want   string
		}{
			{func(*issuer.App) {}, ""},
			{func(a *issuer.App) { a.Name = `a "b"; admins: x` }, `name: "demo" → "a \"b\"; admins: x"`},
			{func(a *issuer.App) { a.State = issuer.Stopped }, `state: "running" → "stopped"`},
			{func(a *issuer.App) { a.Settings.Admins = []string{"boss", "mallory"} }, `admins: none → ["boss","mallory"]`},
			{func(a *issuer.App) {
				a.Settings.Admins, a.Settings.MaxTTL, a.Settings.RequirePrivateMapKey = nil, 60, true
			}, `admins: ["boss","mallory"] → none; max_ttl: 15552000 → 60; require_privatemapkey: false → true`},
			{func(a *issuer.App) {
				a.Settings.OIDC = &issuer.OIDC{Issuer: "https://id.example.org", Audience: "demo"}
			}, `oidc.audience: none → "demo"; oidc.claim: none → "sub"; oidc.issuer: none → "https://id.example.org"`},
			{func(a *issuer.App) {
				a.Settings.OIDC = &issuer.OIDC{Issuer: "https://id.evil.example", Audience: "demo", Claim: "sub"}
			}, `oidc.issuer: "https://id.example.org" → "https://id.evil.example"`},
		} {
			if got := update(c.change); got != c.want {
				t.Errorf("recorded %s\nwant     %s", got, c.want)
			}
		}
		// What is long hides nothing that comes after it.
		got := update(func(a *issuer.App) {
			a.Name = strings.Repeat("密", 64)
			a.Settings.OIDC.Issuer += "/" + strings.Repeat("x", 400)
			a.Settings.OIDC.Claim = "email"
			a.Settings.UserIDs = "any"
			a.Settings.Admins = []string{strings.Repeat("1", 32), strings.Repeat("2", 32), strings.Repeat("3", 32), strings.Repeat("4", 32), "mallory"}
		})
		for _, part := range []string{`oidc.claim: "sub" → "email"`, `→ "https://id.evil.example/xxx`, `user_ids: "portable" → "any"`, `"mallory"]`} {
			if !strings.Contains(got, part) {
				t.Errorf("recorded %s\nwithout %s", got, part)
			}
		}
		if len(got) > 2000 || !utf8.ValidString(got) {
			t.Errorf("the detail has %d bytes: %s", len(got), got)
		}
	})
}

func TestCredentialIsRecordedInFull(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("ecdsa")).App.ID
		ends := time.Now().Add(time.Hour)
		_, _, err := w.CreateAPIKey(w.t.Context(), operator, app, issuer.NewAPIKey{
			Name: "back end", Scopes: []access.Scope{access.ScopeIssue, access.ScopeRevoke}, ExpiresAt: &ends,
			Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
		})
		w.want(err, nil)
		want := `"back end": issue, revoke; from 10.0.0.0/8, 2001:db8::/32; until ` + ends.UTC().Format(time.RFC3339)
		if e := w.last(); e.Detail != want {
			t.Errorf("recorded %s, want %s", e.Detail, want)
		}
		_, _, err = w.CreateAPIKey(w.t.Context(), operator, issuer.Platform, issuer.NewAPIKey{Name: "Li Na", Scopes: []access.Scope{access.ScopeOperator}})
		w.want(err, issuer.ErrNotFound) // nobody has called Init
		_, _, err = w.CreateAPIKey(w.t.Context(), operator, app, issuer.NewAPIKey{Name: "x", Scopes: []access.Scope{access.ScopeRead}})
		w.want(err, nil)
		if e := w.last(); e.Detail != `"x": read; from anywhere` {
			t.Errorf("recorded %s", e.Detail)
		}
	})
}

func TestDemoConfigIsRecordedInFull(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("ecdsa")).App.ID
		for users, want := range map[int]string{1: "iOS: iOS_trtc_01", 99: "iOS: iOS_trtc_01…iOS_trtc_99"} {
			_, err := w.DemoConfig(w.t.Context(), operator, app, "iOS", users, 0)
			w.want(err, nil)
			if e := w.last(); e.Detail != want {
				t.Errorf("recorded %q, want %q", e.Detail, want)
			}
		}
	})
}
