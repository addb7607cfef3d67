package issuer_test

import (
	"net/netip"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/issuer"
)

func TestAPIKeys(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		ends := time.Now().Add(time.Hour)
		k, text, err := w.CreateAPIKey(w.t.Context(), operator, app, issuer.NewAPIKey{
			Name: "back end", Scopes: []access.Scope{access.ScopeIssue}, ExpiresAt: &ends,
			Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		})
		w.want(err, nil)
		inside, outside := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("11.1.2.3")
		c, ok := w.Authenticate(text, inside)
		if !ok || c.App != app || !c.May(access.IssueUserSig, app, "alice") || c.May(access.RevokeUser, app, "alice") {
			t.Errorf("authenticated as %+v, %v", c, ok)
		}
		for _, bad := range []string{"", "usk_", text + "A", text[:len(text)-2] + "AA", "usk_ffffffffffffffff_" + text[21:]} {
			if c, ok := w.Authenticate(bad, inside); ok {
				t.Errorf("a wrong key is %+v", c)
			}
		}
		if _, ok := w.Authenticate(text, outside); ok {
			t.Error("used from a network that is not allowed")
		}
		_, _, err = w.CreateAPIKey(w.t.Context(), operator, app, issuer.NewAPIKey{Name: "x", Scopes: []access.Scope{access.ScopeOperator}})
		w.want(err, issuer.ErrInvalid)
		w.want(w.DeleteAPIKey(w.t.Context(), operator, app, k.ID), nil)
		if _, ok := w.Authenticate(text, inside); ok {
			t.Error("a deleted key still works")
		}
		w.want(w.DeleteAPIKey(w.t.Context(), operator, app, k.ID), issuer.ErrNotFound)
	})
}
