package gate

import (
	"context"
	"slices"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// warning is how long before the end a client is told.
const warning = 30 * time.Second

// sweep is how often every session is looked at again: for what time alone brings.
const sweep = 250 * time.Millisecond

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
	if !g.keep {
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
	due := !s.warned && !s.ended && !g.keep && expires.Sub(now) <= warning
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
	return slices.Equal(a.proofs, b.proofs)
}
