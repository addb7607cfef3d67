package gate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
)

// grant is a PrivateMapKey's for the lobby.
func grant(allow usersig.Privilege) *usersig.Grant { return &usersig.Grant{Room: lobby, Allow: allow} }

// with issues a UserSig of some length.
func (w *world) with(ttl time.Duration, g *usersig.Grant) gate.Pass {
	w.t.Helper()
	c := w.credential("alice", g)
	out, err := w.svc.Issue(w.t.Context(), operator, w.app, issuer.Wish{UserID: "alice", TTL: ttl})
	w.want(err, nil)
	c.UserSig = out.Token
	p, err := w.enter(c)
	w.want(err, nil)
	return p
}

// TestResumeWithTheOlder: a client comes back with what it had when the session was
// renewed meanwhile. The session keeps of each proof the newer one.
func TestResumeWithTheOlder(t *testing.T) {
	const wide, narrow = usersig.AllPrivileges, usersig.Audience
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for _, one := range []struct {
		name          string
		first, second func(w *world) gate.Pass // issued a minute apart
		resume        int                      // which of them the client has
		rights        usersig.Privilege
		ends          int // minutes after the beginning
	}{
		{"the older ends sooner", func(w *world) gate.Pass { return w.with(minutes(10), nil) }, func(w *world) gate.Pass { return w.with(minutes(30), nil) }, 1, wide, 31},
		{"the older ends later", func(w *world) gate.Pass { return w.with(minutes(30), nil) }, func(w *world) gate.Pass { return w.with(minutes(10), nil) }, 1, wide, 11},
		{"the newer", func(w *world) gate.Pass { return w.with(minutes(10), nil) }, func(w *world) gate.Pass { return w.with(minutes(30), nil) }, 2, wide, 31},
		{"the older is wider", func(w *world) gate.Pass { return w.with(minutes(10), grant(wide)) }, func(w *world) gate.Pass { return w.with(minutes(10), grant(narrow)) }, 1, narrow, 11},
		{"the older is wider and has no ticket", func(w *world) gate.Pass { return w.with(minutes(10), nil) }, func(w *world) gate.Pass { return w.with(minutes(10), grant(narrow)) }, 1, narrow, 11},
		{"the older is narrower", func(w *world) gate.Pass { return w.with(minutes(10), grant(narrow)) }, func(w *world) gate.Pass { return w.with(minutes(10), grant(wide)) }, 1, wide, 11},
	} {
		t.Run(one.name, func(t *testing.T) {
			run(t, gate.Options{}, func(w *world) {
				began := time.Now()
				first := one.first(w)
				session, alice := w.open(first)
				time.Sleep(time.Minute)
				second := one.second(w)
				if n := w.Renew(second); n != 1 {
					t.Fatalf("renewed %d", n)
				}
				if n := w.Resume(map[int]gate.Pass{1: first, 2: second}[one.resume]); n != 1 {
					t.Errorf("resumed %d", n)
				}
				p := session.Pass()
				if p.Rights() != gate.Rights(one.rights) {
					t.Errorf("the rights are %d", p.Rights())
				}
				if got := p.ExpiresAt().Sub(began).Round(time.Minute); got != minutes(one.ends) {
					t.Errorf("it ends after %v", got)
				}
				if n := len(alice.limits); n > 1 {
					t.Errorf("limited %d times: %v", n, alice.limits)
				}
				time.Sleep(minutes(one.ends) - 2*time.Minute)
				w.stays(alice)
				time.Sleep(2*time.Minute + usersig.DefaultLeeway + time.Second)
				synctest.Wait()
				if len(alice.evicted) != 1 {
					t.Errorf("evicted %v", alice.evicted)
				}
			})
		})
	}
}

// TestResumeMixed: a client can have the newer ticket and the older UserSig. Each proof
// counts for itself.
func TestResumeMixed(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		old := w.credential("alice", grant(usersig.AllPrivileges))
		time.Sleep(time.Minute)
		session, _ := w.open(w.with(30*time.Minute, grant(usersig.AllPrivileges)))
		time.Sleep(time.Minute)
		old.PrivateMapKey = w.issue("alice", grant(usersig.Audience))
		p, err := w.enter(old)
		w.want(err, nil)
		was := session.Pass().ExpiresAt()
		if !session.Resume(p) {
			t.Error("not resumed")
		}
		if now := session.Pass(); now.Rights() != gate.Rights(usersig.Audience) || !now.ExpiresAt().Equal(was) {
			t.Errorf("the rights are %d, the end is %v, was %v", now.Rights(), now.ExpiresAt(), was)
		}
	})
}

// TestResumeOfTheSameSecond: instants are in seconds. Of two tickets of one, the session
// keeps what it was renewed with, and of two UserSigs the one that ends later.
func TestResumeOfTheSameSecond(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		first := w.with(10*time.Minute, grant(usersig.AllPrivileges))
		session, _ := w.open(first)
		session.Renew(w.with(30*time.Minute, grant(usersig.Audience)))
		was := session.Pass()
		session.Resume(first)
		if now := session.Pass(); now.Rights() != was.Rights() || !now.ExpiresAt().Equal(was.ExpiresAt()) {
			t.Errorf("the rights are %d, the end is %v, was %v", now.Rights(), now.ExpiresAt(), was.ExpiresAt())
		}
	})
}

// TestResumeWithTheEnded: what was revoked or has ended neither comes back nor ends the
// session that was renewed.
func TestResumeWithTheEnded(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		c := w.credential("alice", nil)
		old, err := w.enter(c)
		w.want(err, nil)
		time.Sleep(time.Second)
		_, err = w.svc.Revoke(w.t.Context(), operator, w.app, "alice")
		w.want(err, nil)
		time.Sleep(time.Second)
		session, alice := w.open(w.mustEnter("alice", nil))
		_, err = w.enter(c)
		w.want(err, usersig.ErrRevoked)
		session.Resume(old) // that was on its way meanwhile
		time.Sleep(time.Second)
		w.stays(alice)
		session.Close()
		if session.Resume(old) || w.Resume(old) != 0 {
			t.Error("a session that has ended was resumed")
		}
	})
}

// TestSettle: of a renewal on the way in, the seat could only take note.
func TestSettle(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		session, alice := w.open(w.mustEnter("alice", nil))
		given := session.Pass()
		session.Settle(given.Rights())
		if len(alice.limits) != 0 {
			t.Errorf("limited without need: %v", alice.limits)
		}
		w.Renew(w.mustEnter("alice", grant(usersig.Audience)))
		session.Settle(given.Rights())
		if n := len(alice.limits); n != 2 || alice.limits[1] != gate.Rights(usersig.Audience) {
			t.Errorf("limited %v", alice.limits)
		}
	})
}
