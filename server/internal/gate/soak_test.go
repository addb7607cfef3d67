package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// verdicts are what a test says they are.
type verdicts struct {
	revoked [users]atomic.Bool
	changed func(issuer.Change)
}

const users = 6

func (v *verdicts) Verdict(context.Context, uint32, issuer.Question) (usersig.Verified, error) {
	return usersig.Verified{}, usersig.ErrSignature
}

func (v *verdicts) Recheck(_ context.Context, p issuer.Proof) error {
	if v.revoked[int(p.UserID[0]-'a')].Load() {
		return refusal(usersig.ErrRevoked)
	}
	return nil
}

func (v *verdicts) Settings(uint32) (issuer.Settings, error) { return issuer.Settings{}, nil }

func (v *verdicts) Subscribe(changed func(issuer.Change)) func() {
	v.changed = changed
	return func() {}
}

// chair is a seat whose session ends with it, as an engine's do: maybe at once, on the
// gate's own goroutine.
type chair struct {
	session atomic.Pointer[Session]
	left    sync.Once
	fragile bool // leaves when it is limited
}

func (c *chair) leave() {
	if s := c.session.Load(); s != nil {
		c.left.Do(s.Close)
	}
}

func (c *chair) Evict(error)    { c.leave() }
func (c *chair) Warn(time.Time) {}

func (c *chair) Limit(Rights) {
	if c.fragile {
		c.leave()
	}
}

// churn is what one client after the other does, all at the same time.
type churn struct {
	*Gate
	t    *testing.T
	v    *verdicts
	rand *rand.Rand
	seq  int64
}

func (c *churn) pass() Pass {
	c.seq++
	user := string(rune('a' + c.rand.IntN(users)))
	issued := c.clock().Add(time.Duration(c.rand.IntN(60)) * time.Second)
	return Pass{
		app: uint32(1 + c.rand.IntN(2)), user: user, room: usersig.Room{ID: uint32(1 + c.rand.IntN(4))}, rights: Rights(c.rand.IntN(256)),
		proofs: []issuer.Proof{{UserID: user, IssuedAt: issued, ExpiresAt: issued.Add(time.Hour)}},
		source: netip.AddrFrom4([4]byte{192, 0, 2, byte(c.rand.IntN(3))}),
	}
}

// once opens a session or not, and has something happen to it or to others.
func (c *churn) once(open []*chair) []*chair {
	p := c.pass()
	switch c.rand.IntN(8) {
	case 0, 1, 2:
		leave, err := c.Connect(&p, p.source)
		if err != nil {
			return open
		}
		defer leave()
		s := &chair{fragile: c.rand.IntN(4) == 0}
		session, err := c.Open(c.t.Context(), p, s)
		if err != nil {
			return open
		}
		s.session.Store(session)
		session.Settle(Rights(c.rand.IntN(256)))
		c.check(&p)
		return append(open, s)
	case 3:
		c.Renew(p)
	case 4:
		c.Resume(p)
	case 5:
		user := &c.v.revoked[int(p.user[0]-'a')]
		user.Store(true)
		c.v.changed(issuer.Change{Users: []issuer.UserRef{{App: p.app, UserID: p.user}}})
		user.Store(c.rand.IntN(2) == 0)
	case 6:
		c.v.revoked[int(p.user[0]-'a')].Store(false)
	case 7:
		if len(open) > 0 {
			open[0].leave()
			return open[1:]
		}
	}
	return open
}

// check fails the test if a user is in more rooms than they may be.
func (c *churn) check(p *Pass) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rooms := map[usersig.Room]bool{}
	for s := range c.byUser[p.owner()] {
		rooms[s.pass.room] = true
	}
	if len(rooms) > c.inside.limits.PerUser {
		c.t.Errorf("user %q is in %d rooms", p.user, len(rooms))
	}
}

// TestNothingIsLeft: whatever comes before what, in the end nobody is counted or watched
// over who has left, and nothing waits for anything.
func TestNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &verdicts{}
		g := New(v, Options{Limits: Limits{PerUser: 3, PerApp: 20, PerSource: 15}})
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				c := &churn{Gate: g, t: t, v: v, rand: rand.New(rand.NewPCG(uint64(i), 1))} // the same wishes every time, in whatever order they meet
				var open []*chair
				for n := range 1000 {
					open = c.once(open)
					if n%50 == 0 {
						time.Sleep(sweep) // lets the gate look at all of them
					}
				}
				for _, s := range open {
					s.leave()
				}
			})
		}
		all.Wait()
		synctest.Wait()
		g.Close()
		left := fmt.Sprint(g.sessions, g.byUser, g.places, g.inside.users, g.inside.apps, g.inside.sources, g.connected.users, g.connected.apps, g.connected.sources)
		if want := fmt.Sprint(map[int]int{}, map[int]int{}, map[int]int{}, map[int]int{}, map[int]int{}, map[int]int{}, map[int]int{}, map[int]int{}, map[int]int{}); left != want {
			t.Errorf("left over: %s", left)
		}
	})
}
