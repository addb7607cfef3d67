package gate

import (
	"context"
	"sync"
	"time"

	"usersig/server/internal/issuer"
)

// Seat is one user in one room, as an engine has them. Its methods must not block for
// long. They are called without the gate's lock. They may call [Session.Close], and nothing
// else of the gate: Renew, Resume and Settle wait for Limit to return.
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

// Open begins to watch over a session, or refuses it: between the verdict and now the
// user may have been revoked, maybe on another node. It fails with [ErrCrowded] if the
// user is in as many other rooms as [Limits] allows: who closes a connection and stays in
// the room by what flows past it is not counted by [Gate.Connect] any more.
func (g *Gate) Open(ctx context.Context, p Pass, seat Seat) (*Session, error) {
	s := &Session{gate: g, seat: seat, pass: p}
	if err := g.add(s); err != nil {
		return nil, err
	}
	// Known first and checked then: a change that comes between is seen by one of the two.
	if err := g.Recheck(ctx, &p); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (g *Gate) add(s *Session) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.stay(&s.pass); err != nil {
		return err
	}
	g.sessions[s] = struct{}{}
	k := s.pass.owner()
	if g.byUser[k] == nil {
		g.byUser[k] = make(map[*Session]struct{})
	}
	g.byUser[k][s] = struct{}{}
	return nil
}

// Close ends the watch over a session: the user has left.
func (s *Session) Close() {
	g := s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	s.ended = true
	g.drop(s)
}

// drop needs g.mu. What was dropped before is not counted twice.
func (g *Gate) drop(s *Session) {
	if _, ok := g.sessions[s]; !ok {
		return
	}
	delete(g.sessions, s)
	k := s.pass.owner()
	delete(g.byUser[k], s)
	if len(g.byUser[k]) == 0 {
		delete(g.byUser, k)
	}
	g.unstay(&s.pass)
}

// Pass returns what the session stands on now.
func (s *Session) Pass() Pass {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.pass
}

// Renew puts a pass that the user handed in for that in place of the one the session
// stands on: of two that are good, the user says which. It reports false if it is not for
// the same user and room, or if the session has ended.
func (s *Session) Renew(p Pass) bool {
	return s.exchange(&p, func(Pass) Pass { return p })
}

// Resume is [Session.Renew] for a user who comes back to the session with whatever their
// client had at hand, which may be older than what the session stands on: the client may
// have been renewed by somebody else, its back end for one. Each proof is then replaced
// only by one that was issued after it, see [Pass.Newest]: an older UserSig shortens no
// stay, and an older PrivateMapKey gives no rights back that a newer one took away.
func (s *Session) Resume(p Pass) bool {
	return s.exchange(&p, func(old Pass) Pass { return old.Newest(p) })
}

// exchange puts what choose makes of the session's pass in its place, if p is for it.
func (s *Session) exchange(p *Pass, choose func(old Pass) Pass) bool {
	s.limiting.Lock() // the last renewal's rights are those that stay
	defer s.limiting.Unlock()
	g := s.gate
	g.mu.Lock()
	old := s.pass
	ok := !s.ended && p.place() == old.place()
	if ok {
		s.pass, s.warned = choose(old), false
	}
	rights := s.pass.rights
	g.mu.Unlock()
	if ok && old.rights != rights {
		// Not under the gate's lock: the engine may end the session for it, and Close wants
		// the lock.
		s.seat.Limit(rights)
	}
	return ok
}

// Settle limits the seat if the rights are others by now than those that its user was
// given. An engine calls it when there is somebody to limit: of a renewal that came while
// the user was on the way in, the seat could only take note. Without it, who hands in a
// ticket for less at that moment would keep the rights of the first and the life of the
// second.
func (s *Session) Settle(given Rights) {
	s.limiting.Lock()
	defer s.limiting.Unlock()
	if now := s.Pass().rights; now != given {
		s.seat.Limit(now)
	}
}

// Renew gives a newer pass to every session of its user in its room, on this node, and
// returns how many there are.
func (g *Gate) Renew(p Pass) (n int) {
	return g.each(&p, func(s *Session) bool { return s.Renew(p) })
}

// Resume is [Session.Resume] for every session of a pass's user in its room, on this node.
// It returns how many there are.
func (g *Gate) Resume(p Pass) (n int) {
	return g.each(&p, func(s *Session) bool { return s.Resume(p) })
}

// each returns for how many sessions of a pass's user do is true.
func (g *Gate) each(p *Pass, do func(*Session) bool) (n int) {
	for _, s := range g.of(issuer.UserRef{App: p.app, UserID: p.user}) {
		if do(s) {
			n++
		}
	}
	return n
}
