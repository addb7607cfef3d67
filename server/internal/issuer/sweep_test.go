package issuer_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

const day = 24 * time.Hour

// runNodes runs f with two services on one store, which poll so seldom that months pass
// quickly.
func runNodes(t *testing.T, f func(a, b *world)) {
	t.Helper()
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(&memory.Hooks{Rehearse: true})
		node := func() *world {
			svc, err := issuer.New(t.Context(), store, kek, issuer.Options{Poll: time.Hour, MaxStale: 90 * day})
			if err != nil {
				t.Fatal(err)
			}
			return &world{Service: svc, t: t, store: store}
		}
		a, b := node(), node()
		defer a.Close()
		defer b.Close()
		f(a, b)
		a.checkAudit()
	})
}

// stored returns how many users the store knows.
func (w *world) stored() int {
	w.t.Helper()
	c, err := w.store.Changes(w.t.Context(), 0)
	w.want(err, nil)
	return len(c.Users)
}

// Users of whom there is nothing left to say are forgotten, in the store and on every
// node; who is blocked or was revoked is not.
func TestUsersAreForgotten(t *testing.T) {
	runNodes(t, func(a, b *world) {
		app := a.create(hosted("hmac")).App.ID
		for i := range 300 { // more than one batch
			a.want(a.Block(a.t.Context(), operator, app, fmt.Sprint("brief-", i), time.Now().Add(time.Minute)), nil)
		}
		token := a.issue(app, "revoked").Token
		a.want(a.Block(a.t.Context(), operator, app, "blocked", time.Now().Add(365*day)), nil)
		a.want(a.Block(a.t.Context(), operator, app, "lifted", time.Now().Add(365*day)), nil)
		a.want(a.Block(a.t.Context(), operator, app, "revoked", time.Now().Add(time.Minute)), nil)
		_, err := a.Revoke(a.t.Context(), operator, app, "revoked")
		a.want(err, nil)
		a.want(a.Unblock(a.t.Context(), operator, app, "lifted"), nil)
		entries := len(a.checkAudit())

		time.Sleep(29 * day)
		if n := a.stored(); n != 303 {
			t.Errorf("%d users after 29 days, want all 303: a node that was cut off must hear of them", n)
		}
		time.Sleep(2 * day)
		if a.stored() != 2 || a.KnownUsers(app) != 2 || b.KnownUsers(app) != 2 {
			t.Errorf("%d users are stored, %d and %d known, want the two that count", a.stored(), a.KnownUsers(app), b.KnownUsers(app))
		}
		for _, w := range []*world{a, b} {
			w.want(w.check(app, token, "revoked"), usersig.ErrRevoked)
			w.want(w.check(app, w.issue(app, "blocked").Token, "blocked"), usersig.ErrBlocked)
			w.want(w.check(app, w.issue(app, "lifted").Token, "lifted"), nil)
		}
		if n := len(a.checkAudit()); n != entries+4 { // the tokens
			t.Errorf("%d entries more, want 4", n-entries)
		}
		// Who was forgotten can be blocked again.
		a.want(a.Block(a.t.Context(), operator, app, "brief-7", time.Now().Add(day)), nil)
		synctest.Wait()
		b.want(b.check(app, b.issue(app, "brief-7").Token, "brief-7"), usersig.ErrBlocked)
	})
}

// Of an application that was deleted no user is known any more.
func TestUsersOfDeletedApp(t *testing.T) {
	runNodes(t, func(a, b *world) {
		app := a.create(hosted("hmac")).App.ID
		_, err := a.Revoke(a.t.Context(), operator, app, "alice")
		a.want(err, nil)
		_, err = a.UpdateApp(a.t.Context(), operator, app, func(r *issuer.App) error { r.State = issuer.Stopped; return nil })
		a.want(err, nil)
		time.Sleep(2 * time.Hour)
		if a.stored() != 1 {
			t.Error("a user of an application that is only stopped was forgotten")
		}
		a.want(a.DeleteApp(a.t.Context(), operator, app), nil)
		time.Sleep(2 * time.Hour)
		if a.stored() != 0 || a.KnownUsers(app) != 0 || b.KnownUsers(app) != 0 {
			t.Errorf("%d users are stored, %d and %d known", a.stored(), a.KnownUsers(app), b.KnownUsers(app))
		}
	})
}

// What the store knows counts, and not what this node knew of it.
func TestForgettingAsksTheStore(t *testing.T) {
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		var blind atomic.Bool
		store := memory.New(&memory.Hooks{Read: func() error {
			if blind.Load() {
				return issuer.ErrUnavailable
			}
			return nil
		}})
		svc, err := issuer.New(t.Context(), store, kek, issuer.Options{Poll: time.Hour, MaxStale: 90 * day})
		if err != nil {
			t.Fatal(err)
		}
		defer svc.Close()
		w := &world{Service: svc, t: t, store: store}
		app := w.create(hosted("hmac")).App.ID
		w.want(w.Block(t.Context(), operator, app, "alice", time.Now().Add(time.Minute)), nil)
		blind.Store(true)
		w.want(w.Block(t.Context(), operator, app, "alice", time.Now().Add(365*day)), nil)
		time.Sleep(32 * day)
		blind.Store(false)
		time.Sleep(2 * time.Hour)
		w.want(w.check(app, w.issue(app, "alice").Token, "alice"), usersig.ErrBlocked)
	})
}

// To unblock who is not blocked leaves nothing behind but the entry.
func TestUnblockOfNobody(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		w.want(w.Unblock(w.t.Context(), operator, app, "alice"), nil)
		if n := w.stored(); n != 0 {
			t.Errorf("%d users are stored", n)
		}
		if e := w.last(); e.Action != access.UnblockUser || e.Outcome != audit.Done || e.Subject != "alice" {
			t.Errorf("recorded %+v", e)
		}
	})
}
