package gate_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/gate"
)

// room is one of many.
func room(id uint32) usersig.Room { return usersig.Room{ID: id} }

// enterAt is mustEnter for another room, from an address.
func (w *world) enterAt(user string, at usersig.Room, from string) gate.Pass {
	w.t.Helper()
	c := w.credential(user, nil)
	c.Room = at
	p, err := w.Enter(w.t.Context(), c, netip.MustParseAddr(from))
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// stay opens a session, or is refused.
func (w *world) stay(p gate.Pass, want error) *gate.Session {
	w.t.Helper()
	s, err := w.Open(w.t.Context(), p, &seat{})
	if !errors.Is(err, want) {
		w.t.Errorf("user %q in %v: got %v, want %v", p.UserID(), p.Room(), err, want)
	}
	return s
}

// TestStaysAreCounted: who closes the connection and stays in the room does not get into
// one more room for it, by user, application or source; what has ended is given back.
func TestStaysAreCounted(t *testing.T) {
	run(t, gate.Options{Limits: gate.Limits{PerUser: 2, PerApp: 4, PerSource: 3}}, func(w *world) {
		const here, there = "192.0.2.1", "192.0.2.2"
		one := w.stay(w.enterAt("alice", room(1), here), nil)
		two := w.stay(w.enterAt("alice", room(2), here), nil)
		third := w.enterAt("alice", room(3), there)
		w.stay(third, gate.ErrCrowded)
		if _, err := w.Connect(&third, netip.MustParseAddr(there)); !errors.Is(err, gate.ErrCrowded) {
			t.Errorf("one that will be refused may connect: %v", err)
		}
		w.stay(w.enterAt("bob", room(1), here), nil)
		w.stay(w.enterAt("carol", room(1), here), gate.ErrCrowded) // the source
		w.stay(w.enterAt("carol", room(1), there), nil)
		w.stay(w.enterAt("dave", room(1), there), gate.ErrCrowded) // the application
		one.Close()
		one.Close() // once only
		w.stay(third, nil)
		w.stay(w.enterAt("alice", room(4), there), gate.ErrCrowded)
		two.Close()
		_, err := w.svc.Revoke(w.t.Context(), operator, w.app, "alice")
		w.want(err, nil)
		time.Sleep(time.Second)
		w.stay(w.enterAt("alice", room(5), here), nil) // eviction gives back too
		w.stay(w.enterAt("alice", room(6), here), nil)
	})
}

// TestSecondLoginCountsOnce: for a moment there are two sessions of a user in a room. That
// is one place, until both have ended, and a connection for it is let through.
func TestSecondLoginCountsOnce(t *testing.T) {
	run(t, gate.Options{Limits: gate.Limits{PerUser: 1}}, func(w *world) {
		p, other := w.mustEnter("alice", nil), w.enterAt("alice", room(2), "192.0.2.7")
		first := w.stay(p, nil)
		if leave, err := w.Connect(&p, netip.MustParseAddr("192.0.2.7")); err != nil {
			t.Errorf("a second login: %v", err)
		} else {
			leave()
		}
		second := w.stay(p, nil)
		w.stay(other, gate.ErrCrowded)
		first.Close()
		w.stay(other, gate.ErrCrowded)
		second.Close()
		w.stay(other, nil)
	})
}

// TestRefusedStayIsNotCounted: what the gate turned away holds no place.
func TestRefusedStayIsNotCounted(t *testing.T) {
	run(t, gate.Options{Limits: gate.Limits{PerUser: 1}}, func(w *world) {
		p := w.mustEnter("alice", nil)
		_, err := w.svc.Revoke(w.t.Context(), operator, w.app, "alice")
		w.want(err, nil)
		w.stay(p, usersig.ErrRevoked)
		w.stay(w.enterAt("alice", room(2), "192.0.2.7"), nil)
	})
}
