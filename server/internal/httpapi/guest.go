package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// patience is how long a guest waits for a slot.
const patience = 2 * time.Second

// Turned says why a guest is not let in now, as HTTP does.
type Turned struct {
	Status     int // 429 if it is because of where they are, or 503
	RetryAfter time.Duration
}

// Error implements error.
func (t *Turned) Error() string { return http.StatusText(t.Status) }

// Guest lets in a request that shows a UserSig to somebody else than the API: it is
// bounded as those of all who have not proved who they are. It has slots of its own,
// because a stranger can hold those of the API by reading a page slowly, and for the
// users of a call there is no API key that gets them past strangers. The caller says how
// it ended: who has proved who they are has paid nothing, so that everybody of an office
// can join at once. The error is a [*Turned].
func (s *server) Guest(ctx context.Context, source netip.Addr) (done func(proved bool), err error) {
	from := household(source)
	if wait := s.bySource.ready(from, s.clock()); wait > 0 {
		return nil, &Turned{http.StatusTooManyRequests, wait}
	}
	held, p := s.guests.await(ctx, from)
	if p != nil {
		s.count(p)
		return nil, &Turned{p.Status, time.Duration(p.retryAfter) * time.Second}
	}
	if wait := s.bySource.ready(from, s.clock()); wait > 0 { // while this one waited
		s.guests.release(&held)
		return nil, &Turned{http.StatusTooManyRequests, wait}
	}
	return func(proved bool) {
		if !proved {
			s.bySource.take(from, s.clock())
		}
		s.guests.release(&held)
	}, nil
}

// ready tells, without taking one, how long it takes until there is a token for who.
func (l *limiter) ready(who string, now time.Time) (wait time.Duration) {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.bucket(who).tokens.TokensAt(now)
	if left >= 1 {
		return 0
	}
	return time.Duration((1 - left) / l.limit.PerSecond * float64(time.Second))
}

// await is stranger, but waits while there are too many from the same source. Those slots
// are given back soon: nobody holds one for longer than it takes to verify a token.
func (s *slots) await(ctx context.Context, source string) (slot, *problem) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		held, p := s.stranger(source)
		if p == nil || p.kind != kindLimited {
			return held, p
		}
		turn := s.queue(source)
		if turn == nil {
			continue // one was given back meanwhile
		}
		select {
		case <-turn:
			continue
		case <-late.C:
		case <-ctx.Done():
		}
		s.unqueue(source, turn)
		return slot{}, p
	}
}

// queue returns what is closed when a slot of a source is given back, or nil if one is
// free.
func (s *slots) queue(source string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[source] < mostOfSource {
		return nil
	}
	if s.waiting == nil {
		s.waiting = make(map[string][]chan struct{})
	}
	turn := make(chan struct{})
	s.waiting[source] = append(s.waiting[source], turn)
	return turn
}

// unqueue leaves the queue. Who was called and does not come lets the next one go.
func (s *slots) unqueue(source string, turn chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting[source], turn)
	if i < 0 {
		s.call(source)
		return
	}
	s.wait(source, slices.Delete(s.waiting[source], i, i+1))
}

// call lets the first who waits try again. It is called with mu held.
func (s *slots) call(source string) {
	if all := s.waiting[source]; len(all) > 0 {
		close(all[0])
		s.wait(source, all[1:])
	}
}

func (s *slots) wait(source string, all []chan struct{}) {
	if len(all) == 0 {
		delete(s.waiting, source)
		return
	}
	s.waiting[source] = all
}
