package issuer

import (
	"context"
	"math"
	"time"
)

// follow keeps the ring current until ctx ends: whenever the store says so, and
// every so often in case it did not.
func (s *Service) follow(ctx context.Context) {
	told := s.store.Watch(ctx)
	poll := time.NewTicker(s.poll)
	defer poll.Stop()
	var out outage
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-told:
			if !ok {
				told = nil
			}
		case <-poll.C:
		}
		// A failure is not lost: the age of the ring grows until it counts.
		err := s.sync(ctx)
		if ctx.Err() != nil {
			return
		}
		s.note(ctx, &out, err)
	}
}

// outage is a time in which the store is out of reach. The zero value is none.
type outage struct {
	since time.Time // when it was last read
	stale bool      // so long ago that everything is refused
}

// note logs how an outage begins, becomes serious and ends, and nothing in between: a
// line for each poll would hide everything else, and fill the disk.
func (s *Service) note(ctx context.Context, out *outage, err error) {
	began := !out.since.IsZero()
	switch {
	case err == nil && began:
		s.log.InfoContext(ctx, "the store can be read again", "after", s.clock().Sub(out.since))
		*out = outage{}
	case err != nil && !began:
		out.since = *s.lastSync.Load()
		s.log.WarnContext(ctx, "the store cannot be read; answers are from memory", "err", err)
	}
	if err != nil && !out.stale && s.fresh() != nil {
		out.stale = true
		s.log.ErrorContext(ctx, "the store cannot be read; everything is refused", "after", s.maxStale, "err", err)
	}
}

// syncTimeout bounds one reading of the changes: a store or a KMS that hangs must not
// end the polls.
const syncTimeout = 10 * time.Second

// sync reads what has changed in the store, replaces the ring and tells subscribers.
func (s *Service) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	return s.update(ctx)
}

// readBack is sync for who has made a change. If they are gone they wait for nobody, and
// the next poll shows what they did; but what is under way is done: what all others see
// must not depend on them.
func (s *Service) readBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), syncTimeout)
	defer cancel()
	return s.update(ctx)
}

// lock waits until nobody else replaces the ring, or until ctx ends.
func (s *Service) lock(ctx context.Context) error {
	select {
	case s.syncing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Service) unlock() { <-s.syncing }

// update does the work of sync, for whoever has the lock.
func (s *Service) update(ctx context.Context) error {
	old, started := s.ring.Load(), s.clock()
	changes, err := s.store.Changes(ctx, old.seq)
	if err != nil {
		return err
	}
	var news Change
	if changes.Seq != old.seq {
		var next *ring
		next, news = s.apply(ctx, old, changes)
		s.ring.Store(next)
	}
	s.lastSync.Store(&started)
	s.feed.announce(news)
	return nil
}

// age returns how long ago the store was last read.
func (s *Service) age() time.Duration {
	last := s.lastSync.Load() // before the clock, or it could be the later one
	return age(*last, s.clock())
}

// age returns the time from last to now: by the wall clock or by the monotonic clock,
// whichever says more. The first can be set back and the second stands still while a
// machine is suspended; either would make an old view young, and revive whom another
// node has revoked. Where there is no monotonic clock, one that has run backwards
// says nothing, and the view counts as old until the next reading.
func age(last, now time.Time) time.Duration {
	if d := max(now.Sub(last), now.Round(0).Sub(last.Round(0))); d >= 0 {
		return d
	}
	return math.MaxInt64
}
