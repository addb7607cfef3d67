package gate

import (
	"context"
	"slices"
	"sync"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// Seat is one user in one room, as an engine has them. Its methods must not block for
// long and must not call the gate.
type Seat interface {
	// Evict removes the user, for good reason.
	Evict(why error)
	// Limit changes what the user may do from now on.
	Limit(r Rights)
	// Warn tells the user's client when the user will have to leave.
	Warn(expires time.Time)
}

// Session is the stay of one user in one room.
type Session struct {
	gate *Gate
	seat Seat

	limiting sync.Mutex // held while the seat is told of new rights

	// guarded by gate.mu
	pass   Pass
	warned bool
	ended  bool
}

// warning is how long before the end a client is told.
const warning = 30 * time.Second

// sweep is how often every session is looked at again: for what time alone brings.
const sweep = 250 * time.Millisecond

// Open begins to watch over a session, or refuses it: between the verdict and now the
// user may have been revoked, maybe on another node.
func (g *Gate) Open(ctx context.Context, p Pass, seat Seat) (*Session, error) {
	s := &Session{gate: g, seat: seat, pass: p}
	g.mu.Lock()
	g.add(s)
	g.mu.Unlock()
	// Known first and checked then: a change that comes between is seen by one of the two.
	if err := g.Recheck(ctx, &p); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// add needs g.mu.
func (g *Gate) add(s *Session) {
	g.sessions[s] = struct{}{}
	k := userKey{s.pass.app, s.pass.user}
	if g.byUser[k] == nil {
		g.byUser[k] = make(map[*Session]struct{})
	}
	g.byUser[k][s] = struct{}{}
}

// Close ends the watch over a session: the user has left.
func (s *Session) Close() {
	g := s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	s.ended = true
	g.drop(s)
}

// drop needs g.mu.
func (g *Gate) drop(s *Session) {
	delete(g.sessions, s)
	k := userKey{s.pass.app, s.pass.user}
	delete(g.byUser[k], s)
	if len(g.byUser[k]) == 0 {
		delete(g.byUser, k)
	}
}

// Pass returns what the session stands on now.
func (s *Session) Pass() Pass {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.pass
}

// Renew puts a newer pass in place of the one the session stands on. It reports false
// if it is not for the same user and room, or if the session has ended.
func (s *Session) Renew(p Pass) bool {
	s.limiting.Lock() // the last renewal's rights are those that stay
	defer s.limiting.Unlock()
	old, ok := s.exchange(p)
	if ok && old.rights != p.rights {
		// Not under the gate's lock: the engine may end the session for it, and Close wants
		// the lock.
		s.seat.Limit(p.rights)
	}
	return ok
}

// exchange puts a newer pass in the place of the one that it returns.
func (s *Session) exchange(p Pass) (old Pass, ok bool) {
	g := s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	old = s.pass
	if s.ended || p.app != old.app || p.user != old.user || p.room != old.room {
		return old, false
	}
	s.pass, s.warned = p, false
	return old, true
}

// Renew gives a newer pass to every session of its user in its room, on this node, and
// returns how many there are.
func (g *Gate) Renew(p Pass) (n int) {
	for _, s := range g.of(issuer.UserRef{App: p.app, UserID: p.user}) {
		if s.Renew(p) {
			n++
		}
	}
	return n
}

// watch looks at sessions again when something changed, and all the time at what only
// time changes, until ctx ends.
func (g *Gate) watch(ctx context.Context, changed <-chan issuer.Change) {
	tick := time.NewTicker(sweep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-changed:
			for _, u := range c.Users {
				g.look(ctx, g.of(u))
			}
			if len(c.Apps) > 0 {
				g.look(ctx, g.all())
			}
		case <-tick.C:
			g.look(ctx, g.all())
		}
	}
}

func (g *Gate) all() []*Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*Session, 0, len(g.sessions))
	for s := range g.sessions {
		all = append(all, s)
	}
	return all
}

func (g *Gate) of(u issuer.UserRef) []*Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []*Session
	for s := range g.byUser[userKey{u.App, u.UserID}] {
		all = append(all, s)
	}
	return all
}

// look checks sessions again, and evicts those whose time is over.
func (g *Gate) look(ctx context.Context, all []*Session) {
	now := g.clock()
	for _, s := range all {
		p := s.Pass()
		err := g.Recheck(ctx, g.lasting(&p, now))
		switch {
		case err == nil:
			s.warn(now, p.ExpiresAt())
		case !isRefusal(err):
			// That the store is out of reach is not the users' fault, and a call that would be
			// cut by it is the greater harm. Nobody new comes in meanwhile.
		default:
			s.evict(&p, err)
		}
	}
}

// lasting returns a pass as it is judged in a session: where users may stay when their
// proofs end, those have not ended. A revocation counts all the same.
func (g *Gate) lasting(p *Pass, now time.Time) *Pass {
	if !g.stay {
		return p
	}
	q := *p
	q.proofs = slices.Clone(p.proofs)
	for i := range q.proofs {
		if now.After(q.proofs[i].ExpiresAt) {
			q.proofs[i].ExpiresAt = now
		}
	}
	return &q
}

func isRefusal(err error) bool {
	_, ok := usersig.RefusalOf(err)
	return ok
}

func (s *Session) warn(now, expires time.Time) {
	g := s.gate
	g.mu.Lock()
	due := !s.warned && !s.ended && !g.stay && expires.Sub(now) <= warning
	s.warned = s.warned || due
	g.mu.Unlock()
	if due {
		s.seat.Warn(expires)
	}
}

// evict ends a session that still stands on p: one that was renewed meanwhile stays.
func (s *Session) evict(p *Pass, why error) {
	g := s.gate
	g.mu.Lock()
	stale := s.ended || !samePass(&s.pass, p)
	if !stale {
		s.ended = true
		g.drop(s)
	}
	g.mu.Unlock()
	if !stale {
		g.log.Info("user leaves", "sdkappid", p.app, "user", p.user, "room", p.room.String(), "why", why)
		r, _ := usersig.RefusalOf(why) // look keeps all others
		g.evicted(r.Reason)
		s.seat.Evict(why)
	}
}

func samePass(a, b *Pass) bool {
	return len(a.proofs) == len(b.proofs) && &a.proofs[0] == &b.proofs[0]
}
