package issuer_test

import (
	"context"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// A token issued before a revocation is void, and one issued right after it works,
// here and with the customer's own key: Revoke waits its second out.
func TestRevoke(t *testing.T) {
	run(t, func(w *world) {
		made := w.create(issuer.Settings{})
		app := made.App.ID
		signer, _ := usersig.NewSigner(app, made.Handout.Private, nil)
		sign := func() string {
			token, err := signer.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour})
			w.want(err, nil)
			return token
		}
		before := sign()
		to, err := w.Revoke(w.t.Context(), backEnd(app, access.ScopeRevoke), app, "alice")
		w.want(err, nil)
		w.want(w.check(app, before, "alice"), usersig.ErrRevoked)
		w.want(w.check(app, sign(), "alice"), nil)
		if time.Now().Unix() != to.Unix()+1 {
			t.Errorf("returned at %v, want the second after %v", time.Now(), to)
		}
	})
}

func TestBlock(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		token := w.issue(app, "alice").Token
		w.want(w.Block(w.t.Context(), operator, app, "alice", time.Now()), issuer.ErrInvalid)
		w.want(w.Block(w.t.Context(), operator, app, "alice", time.Now().Add(time.Hour)), nil)
		w.want(w.check(app, token, "alice"), usersig.ErrBlocked)
		w.want(w.Unblock(w.t.Context(), operator, app, "alice"), nil)
		w.want(w.check(app, token, "alice"), nil)
		w.want(w.Block(w.t.Context(), operator, app, "alice", time.Now().Add(time.Hour)), nil)
		time.Sleep(time.Hour)
		w.want(w.check(app, token, "alice"), nil)
	})
}

// Whoever does not wait for the second to end gives back what they hold, and has revoked
// all the same.
func TestRevokeDoesNotHoldWhoIsGone(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		token := w.issue(app, "alice").Token
		ctx, cancel := context.WithTimeout(w.t.Context(), 100*time.Millisecond)
		defer cancel()
		n, began := len(w.checkAudit()), time.Now()
		_, err := w.Revoke(ctx, operator, app, "alice")
		w.want(err, context.DeadlineExceeded)
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("it took %v, want 100ms", took)
		}
		w.want(w.check(app, token, "alice"), usersig.ErrRevoked)
		if e := w.last(); e.Outcome != audit.Done || len(w.checkAudit()) != n+1 {
			t.Errorf("recorded %+v", e)
		}
	})
}
