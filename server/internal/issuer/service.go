// Package issuer is the domain: applications, their keys, the tokens issued and
// checked for them, and who was revoked. Everything that anyone can do is a method
// of [Service], in terms of who asks. Whatever the way in (HTTP, the console, a
// media engine), it ends here.
//
// Each method admits, records and then acts: nothing happens unless the caller may
// do it and the fact that they asked is in the audit log.
package issuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
)

// Options adjusts a [Service]. The zero value selects the defaults.
type Options struct {
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time
	// MaxStale is how long answers are given from what was last read of the store
	// when it cannot be reached: 30 seconds if 0. After that, everything is refused:
	// a revocation made elsewhere would not be known.
	MaxStale time.Duration
	// Poll is how often the store is asked for changes besides being told of them:
	// 250 ms if 0. It bounds how long a revocation made on another node can be
	// unknown here.
	Poll time.Duration
	// Log receives what nobody else is told. If nil, it is dropped.
	Log *slog.Logger
}

// Service is everything anyone can do. It is safe for concurrent use.
type Service struct {
	store    Store
	kek      custody.KEK
	clock    func() time.Time
	maxStale time.Duration
	poll     time.Duration
	log      *slog.Logger

	ring     atomic.Pointer[ring] // what is known, replaced whole
	syncing  sync.Mutex           // held while the ring is replaced
	lastSync atomic.Int64         // Unix nanoseconds of the clock

	journal  *journal
	failures failures
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// New returns a Service over a store. It reads everything that is in the store, and
// opens the keys that are hosted.
func New(ctx context.Context, store Store, kek custody.KEK, opts Options) (*Service, error) {
	s := &Service{store: store, kek: kek, clock: opts.Clock, maxStale: opts.MaxStale, poll: opts.Poll, log: opts.Log}
	if s.clock == nil {
		s.clock = time.Now //nolint:forbidigo // the documented default
	}
	if s.maxStale == 0 {
		s.maxStale = 30 * time.Second
	}
	if s.poll == 0 {
		s.poll = 250 * time.Millisecond
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ring.Store(newRing())
	if err := s.sync(ctx); err != nil {
		return nil, fmt.Errorf("read the store: %w", err)
	}
	for _, m := range s.ring.Load().apps {
		if errors.Is(m.broken, custody.ErrKEK) {
			return nil, m.broken
		}
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.journal = newJournal(store)
	s.done.Go(func() { s.journal.run(ctx) })
	s.done.Go(func() { s.follow(ctx) })
	return s, nil
}

// Close ends what runs in the background. It does not close the store.
func (s *Service) Close() {
	s.stop()
	s.done.Wait()
}

// entry starts the audit entry of a request.
func (s *Service) entry(c access.Caller, a access.Action, app uint32, subject string) *audit.Entry {
	e := &audit.Entry{
		At: s.clock(), Caller: c.ID, Request: c.Request,
		Action: a, App: app, Subject: cut(subject), Outcome: audit.Done,
	}
	if c.Source.IsValid() {
		e.Source = c.Source.String()
	}
	return e
}

// cut bounds what a caller can put into the log. What is not UTF-8, also by being cut
// in two, is replaced: JSON would spell it in two ways, and an honest entry would not
// fit its own hash.
func cut(s string) string {
	const most = 255
	return strings.ToValidUTF8(s[:min(len(s), most)], "\uFFFD")
}

// do is the one door to every act that changes something. The record of the act and
// the act are one transaction; what was denied or was not possible is recorded too.
func (s *Service) do(ctx context.Context, c access.Caller, e *audit.Entry, act func(tx Tx) error) error {
	if !c.May(e.Action, e.App, e.Subject) {
		return s.deny(ctx, e)
	}
	err := s.store.Commit(ctx, []*audit.Entry{e}, act)
	if err == nil {
		// Whoever made a change sees it from now on, here. If that fails the change is
		// made all the same, and the next poll shows it: an error would make the
		// caller do it twice.
		// Whoever asked may be gone: what all others see must not depend on that.
		if err := s.sync(context.WithoutCancel(ctx)); err != nil {
			s.log.WarnContext(ctx, "change made, but not read back", "action", e.Action, "err", err)
		}
		return nil
	}
	if errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
		return err
	}
	e.Outcome, e.Detail = audit.Refused, cut(err.Error())
	if logged := s.store.Commit(ctx, []*audit.Entry{e}, nil); logged != nil {
		return fmt.Errorf("cannot record %s: %w", e.Action, logged)
	}
	return err
}

// read is the door to what changes nothing. Only denials are recorded.
func (s *Service) read(ctx context.Context, c access.Caller, a access.Action, app uint32) error {
	if !c.May(a, app, "") {
		return s.deny(ctx, s.entry(c, a, app, ""))
	}
	return s.fresh()
}

func (s *Service) deny(ctx context.Context, e *audit.Entry) error {
	e.Outcome = audit.Denied
	if err := s.journal.record(ctx, e); err != nil {
		return fmt.Errorf("cannot record %s: %w", e.Action, err)
	}
	return ErrDenied
}

// refuse records that what the caller may have was not possible, and returns why. What
// fails because the store is out of reach cannot be recorded.
func (s *Service) refuse(ctx context.Context, e *audit.Entry, why error) error {
	if errors.Is(why, ErrStale) || errors.Is(why, ErrUnavailable) {
		return why
	}
	e.Outcome, e.Detail = audit.Refused, cut(why.Error())
	if err := s.journal.record(ctx, e); err != nil {
		return fmt.Errorf("cannot record %s: %w", e.Action, err)
	}
	return why
}

// fresh refuses to answer from a view of the store that is too old.
func (s *Service) fresh() error {
	if s.clock().UnixNano()-s.lastSync.Load() > int64(s.maxStale) {
		return ErrStale
	}
	return nil
}

// Ready returns nil if the service can answer.
func (s *Service) Ready() error { return s.fresh() }

// Staleness returns how long ago the store was last read.
func (s *Service) Staleness() time.Duration {
	return time.Duration(s.clock().UnixNano() - s.lastSync.Load())
}
