package issuer_test

import (
	"testing"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// A signed-in user who goes by an administrator's name gets no UserSig by that.
func TestAdminsNameIsNotEnough(t *testing.T) {
	run(t, func(w *world) {
		s := hosted("hmac")
		s.Admins = []string{"administrator"}
		app := w.create(s).App.ID
		user := access.Caller{ID: "user:administrator", App: app, UserID: "administrator"}
		_, err := w.Issue(w.t.Context(), user, app, issuer.Wish{UserID: "administrator"})
		w.want(err, issuer.ErrDenied)
	})
}

// An administrator's UserSig revokes, so only who may revoke is issued one.
func TestAdminsUserSigNeedsRevoke(t *testing.T) {
	run(t, func(w *world) {
		s := hosted("hmac")
		s.Admins = []string{"boss", "Web_trtc_02"}
		app := w.create(s).App.ID
		issuing, both := backEnd(app, access.ScopeIssue), backEnd(app, access.ScopeIssue, access.ScopeRevoke)
		for _, c := range []access.Caller{both, operator} {
			_, err := w.IssueBatch(w.t.Context(), c, app, []issuer.Wish{{UserID: "alice"}, {UserID: "boss"}})
			w.want(err, nil)
			_, err = w.DemoConfig(w.t.Context(), c, app, "Web", 4, 0)
			w.want(err, nil)
		}
		n := len(w.checkAudit())
		_, err := w.Issue(w.t.Context(), issuing, app, issuer.Wish{UserID: "boss"})
		w.want(err, issuer.ErrDenied)
		_, err = w.IssueBatch(w.t.Context(), issuing, app, []issuer.Wish{{UserID: "alice"}, {UserID: "boss"}})
		w.want(err, issuer.ErrDenied)
		_, err = w.DemoConfig(w.t.Context(), issuing, app, "Web", 4, 0)
		w.want(err, issuer.ErrDenied)
		for i, e := range w.checkAudit()[n:] {
			if want := []string{"boss", "boss", "Web_trtc_02"}[i]; e.Outcome != audit.Denied || e.Subject != want {
				t.Errorf("recorded %+v, want a denial of %s", e, want)
			}
		}
		if got := len(w.checkAudit()); got != n+3 {
			t.Errorf("%d denials recorded, want 3", got-n)
		}
		_, err = w.DemoConfig(w.t.Context(), issuing, app, "Web", 1, 0)
		w.want(err, nil)
		// A PrivateMapKey proves nobody.
		_, err = w.Issue(w.t.Context(), issuing, app, issuer.Wish{UserID: "boss", Grant: &usersig.Grant{Room: usersig.Room{ID: 7}}})
		w.want(err, nil)
	})
}
