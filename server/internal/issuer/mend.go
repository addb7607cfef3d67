package issuer

import (
	"context"
	"maps"
	"time"
)

// What could not be opened is tried again after these times.
const (
	firstRetry = 5 * time.Second
	lastRetry  = time.Minute
)

// retry is when a broken application is tried again.
type retry struct {
	at    time.Time
	pause time.Duration
}

// mend opens, every so often and until ctx ends, what could not be opened: a KMS that was
// out of reach comes back, and nobody should have to touch each record for that. It is
// apart from follow, because a KMS that hangs must not hold up revocations.
func (s *Service) mend(ctx context.Context) {
	poll := time.NewTicker(s.poll)
	defer poll.Stop()
	retries := map[uint32]retry{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		broken := s.ring.Load().broken
		maps.DeleteFunc(retries, func(app uint32, _ retry) bool { return broken[app] == nil })
		for app, m := range broken {
			r, known := retries[app]
			switch {
			case !known:
				r.pause = firstRetry
			case s.clock().Before(r.at):
				continue
			default:
				s.mendApp(ctx, m)
				r.pause = min(2*r.pause, lastRetry)
			}
			r.at = s.clock().Add(r.pause)
			retries[app] = r
		}
	}
}

// mendApp tries to open the keys of an application, and puts it into the ring if that
// has led to something. What was opened so far is kept for the next time.
func (s *Service) mendApp(ctx context.Context, old *member) {
	ctx, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	m := s.open(ctx, old.record, old)
	if m.broken != nil && len(m.opened) <= len(old.opened) {
		return
	}
	if s.lock(ctx) != nil {
		return
	}
	defer s.unlock()
	now, id := s.ring.Load(), m.record.App.ID
	if now.apps[id] != old {
		return // its record has changed meanwhile
	}
	next := &ring{now.seq, maps.Clone(now.apps), now.apiKeys, maps.Clone(now.broken)}
	next.put(m)
	s.ring.Store(next)
	s.noteKeys(ctx, old, m)
	if m.broken == nil {
		s.feed.announce(Change{Apps: []uint32{id}})
	}
}
