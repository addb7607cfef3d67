package hook

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"usersig/server/internal/gate"
)

// errOther: a connection that has one stream asked for another. Engines ask again about
// the one that was last, so the first would go on unasked.
var errOther = errors.New("the connection has another stream")

// key is a connection to an engine.
type key struct {
	engine netip.Addr // that asks
	kind   string     // of the engine, or its protocol
	id     string     // the engine's for the connection
	client netip.Addr // so that IDs an engine used before it started again rarely meet
}

// stay is a stream that a user sends or receives, for as long as it is let.
type stay struct {
	key    key
	verb   verb
	stream string
	user   string
	leave  func()      // the count of connections
	evict  func(*stay) // makes the engine end it; nil if the engine asks again and again

	ready   chan struct{} // closed when session is set, or the stay is none
	session *gate.Session

	mu    sync.Mutex
	ended error     // guarded by mu: why it is not let any more
	heard time.Time // guarded by mu: when the engine last asked
}

// Evict implements [gate.Seat].
func (s *stay) Evict(why error) {
	s.mu.Lock()
	first := s.ended == nil
	if first {
		s.ended = why
	}
	s.mu.Unlock()
	if first && s.evict != nil {
		s.evict(s)
	}
}

// Limit implements [gate.Seat]: an engine cannot take a part of a stream away.
func (s *stay) Limit(r gate.Rights) {
	if err := allows(r, s.verb); err != nil {
		s.Evict(err)
	}
}

// Warn implements [gate.Seat]. Neither RTMP nor WHIP has a way to say it.
func (s *stay) Warn(time.Time) {}

// why returns why a stay is not let any more, and notes that the engine asked.
func (s *stay) why(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = now
	return s.ended
}

// table has every stay there is.
type table struct {
	gate  *gate.Gate
	clock func() time.Time

	mu    sync.Mutex
	stays map[key]*stay // guarded by mu
}

// get returns the stay of a connection, or nil.
func (t *table) get(k key) *stay {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stays[k]
}

// enter lets a user in whom the gate gave a pass: s says where and for what. One who is
// in already gets the newer pass.
func (t *table) enter(ctx context.Context, s *stay, p gate.Pass, source netip.Addr) error {
	s.ready, s.heard = make(chan struct{}), t.clock()
	t.mu.Lock()
	there := t.stays[s.key]
	if there == nil {
		t.stays[s.key] = s
	}
	t.mu.Unlock()
	if there != nil {
		return t.again(ctx, there, s, p)
	}
	err := t.open(ctx, s, p, source)
	if err != nil {
		t.remove(s)
	}
	close(s.ready)
	return err
}

func (t *table) open(ctx context.Context, s *stay, p gate.Pass, source netip.Addr) (err error) {
	if s.leave, err = t.gate.Connect(&p, source); err != nil {
		return err
	}
	s.session, err = t.gate.Open(ctx, p, s)
	return err
}

func (t *table) again(ctx context.Context, there, s *stay, p gate.Pass) error {
	if there.verb != s.verb || there.stream != s.stream || there.user != s.user {
		return errOther
	}
	select {
	case <-there.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := there.why(t.clock()); err != nil {
		return err
	}
	if there.session == nil || !there.session.Resume(p) {
		return errOther // it ended this very moment
	}
	return nil
}

// remove forgets a stay: the user has left, or was never in.
func (t *table) remove(s *stay) {
	t.mu.Lock()
	if t.stays[s.key] == s {
		delete(t.stays, s.key)
	}
	t.mu.Unlock()
	if s.session != nil {
		s.session.Close()
	}
	if s.leave != nil {
		s.leave()
	}
}

// forget removes the stays that over picks. Those that are on their way in are left.
func (t *table) forget(over func(*stay) bool) {
	for _, s := range t.all() {
		select {
		case <-s.ready:
			if over(s) {
				t.remove(s)
			}
		default:
		}
	}
}

// end removes a stay, if need be when it has come in.
func (t *table) end(s *stay) {
	<-s.ready
	t.remove(s)
}

func (t *table) any(of func(*stay) bool) bool { return slices.ContainsFunc(t.all(), of) }

func (t *table) all() []*stay {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]*stay, 0, len(t.stays))
	for _, s := range t.stays {
		all = append(all, s)
	}
	return all
}

func (t *table) close() { t.forget(func(*stay) bool { return true }) }
