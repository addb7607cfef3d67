package gate_test

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
)

// TestEnds: whatever ends the verdict ends the session, at once or, if it is time alone,
// with the next look.
func TestEnds(t *testing.T) {
	for _, one := range []struct {
		name string
		act  func(w *world)
		want error
	}{
		{"revoke", func(w *world) {
			_, err := w.svc.Revoke(w.t.Context(), operator, w.app, "alice")
			w.want(err, nil)
		}, usersig.ErrRevoked},
		{"block", func(w *world) {
			w.want(w.svc.Block(w.t.Context(), operator, w.app, "alice", time.Now().Add(time.Hour)), nil)
		}, usersig.ErrBlocked},
		{"stop", func(w *world) {
			_, err := w.svc.UpdateApp(w.t.Context(), operator, w.app, func(a *issuer.App) error { a.State = issuer.Stopped; return nil })
			w.want(err, nil)
		}, usersig.ErrAppUnknown},
		{"require", func(w *world) {
			_, err := w.svc.UpdateApp(w.t.Context(), operator, w.app, func(a *issuer.App) error { a.Settings.RequirePrivateMapKey = true; return nil })
			w.want(err, nil)
		}, usersig.ErrNoGrant},
		{"expire", func(*world) { time.Sleep(time.Hour + usersig.DefaultLeeway + time.Second) }, usersig.ErrExpired},
	} {
		t.Run(one.name, func(t *testing.T) {
			run(t, gate.Options{}, func(w *world) {
				_, alice := w.open(w.mustEnter("alice", nil))
				_, bob := w.open(w.mustEnter("bob", &usersig.Grant{Room: lobby, Allow: 255}))
				one.act(w)
				w.left(alice, one.want)
				if one.name == "stop" || one.name == "expire" {
					return
				}
				w.stays(bob)
			})
		})
	}
}

// TestRace: a revocation between the verdict and the session's beginning counts.
func TestRace(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		p := w.mustEnter("alice", nil)
		_, err := w.svc.Revoke(w.t.Context(), operator, w.app, "alice")
		w.want(err, nil)
		_, err = w.Open(w.t.Context(), p, &seat{})
		w.want(err, usersig.ErrRevoked)
		// Issued after it, another one is good.
		w.open(w.mustEnter("alice", nil))
	})
}

// TestTicketEnds: the rights of a PrivateMapKey end with it.
func TestTicketEnds(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		c := w.credential("alice", nil)
		out, err := w.svc.Issue(w.t.Context(), operator, w.app, issuer.Wish{UserID: "alice", TTL: time.Minute, Grant: &usersig.Grant{Room: lobby, Allow: 255}})
		w.want(err, nil)
		c.PrivateMapKey = out.Token
		p, err := w.enter(c)
		w.want(err, nil)
		_, alice := w.open(p)
		time.Sleep(time.Minute + usersig.DefaultLeeway + time.Second)
		w.left(alice, usersig.ErrNoGrant)
	})
}

// TestStay: users can be let stay until they connect again, but not against a revocation.
func TestStay(t *testing.T) {
	run(t, gate.Options{StayAtExpiry: true}, func(w *world) {
		_, alice := w.open(w.mustEnter("alice", nil))
		time.Sleep(2 * time.Hour)
		w.stays(alice)
		_, err := w.svc.Revoke(w.t.Context(), operator, w.app, "alice")
		w.want(err, nil)
		time.Sleep(time.Second)
		w.left(alice, usersig.ErrRevoked)
	})
}

// TestRenew: a newer pass in time keeps the user in, with the rights that it gives.
func TestRenew(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		session, alice := w.open(w.mustEnter("alice", nil))
		time.Sleep(time.Hour - 10*time.Second)
		synctest.Wait()
		if len(alice.warned) != 1 || !alice.warned[0].Equal(session.Pass().ExpiresAt()) {
			t.Errorf("warned %v", alice.warned)
		}
		newer := w.mustEnter("alice", &usersig.Grant{Room: lobby, Allow: 42})
		if session.Renew(w.mustEnter("bob", nil)) {
			t.Error("bob's pass was taken for alice's")
		}
		if n := w.Renew(newer); n != 1 {
			t.Errorf("%d sessions were renewed", n)
		}
		time.Sleep(30 * time.Minute)
		w.stays(alice)
		if len(alice.limits) != 1 || alice.limits[0] != 42 {
			t.Errorf("the rights became %v", alice.limits)
		}
		time.Sleep(time.Hour)
		w.left(alice, usersig.ErrExpired)
		if session.Renew(newer) || w.Renew(newer) != 0 {
			t.Error("a session that has ended was renewed")
		}
	})
}

// TestClosed: who has left is not evicted.
func TestClosed(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		session, alice := w.open(w.mustEnter("alice", nil))
		session.Close()
		session.Close()
		_, err := w.svc.Revoke(w.t.Context(), operator, w.app, "alice")
		w.want(err, nil)
		w.stays(alice)
	})
}

// TestCrowd: connections are counted by user, application and network, and given back.
func TestCrowd(t *testing.T) {
	run(t, gate.Options{Limits: gate.Limits{PerUser: 2, PerApp: 4, PerSource: 3}}, func(w *world) {
		here, there := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")
		alice, bob := w.mustEnter("alice", nil), w.mustEnter("bob", nil)
		connect := func(p gate.Pass, from netip.Addr, want error) func() {
			t.Helper()
			leave, err := w.Connect(&p, from)
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			return leave
		}
		leave := connect(alice, here, nil)
		connect(alice, here, nil)
		connect(alice, there, gate.ErrCrowded) // the user
		leave()
		leave() // once only
		connect(alice, there, nil)
		connect(alice, there, gate.ErrCrowded)
		connect(bob, netip.MustParseAddr("2001:db8::2"), nil)
		connect(bob, here, nil)
		connect(w.mustEnter("carol", nil), here, gate.ErrCrowded)  // the network
		connect(w.mustEnter("carol", nil), there, gate.ErrCrowded) // the application
	})
}
