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

	"golang.org/x/time/rate"

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

	ring     atomic.Pointer[ring]      // what is known, replaced whole
	syncing  chan struct{}             // of one: held while the ring is replaced
	lastSync atomic.Pointer[time.Time] // when the store was last read, by clock
	feed     feed

	journal   *journal
	failures  failures
	strangers strangers
	ahead     rate.Sometimes // when to log that a clock is wrong
	stop      context.CancelFunc
	done      sync.WaitGroup
}

// New returns a Service over a store. It reads everything that is in the store, and
// opens the keys that are hosted.
func New(ctx context.Context, store Store, kek custody.KEK, opts Options) (*Service, error) {
	s := &Service{store: store, kek: kek, clock: opts.Clock, maxStale: opts.MaxStale, poll: opts.Poll, log: opts.Log}
	s.ahead.Interval = time.Hour
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
	s.syncing = make(chan struct{}, 1)
	s.strangers.reporting = make(chan struct{}, 1)
	// The first time there may be a lot to read: only ctx and the store limit it.
	if err := s.update(ctx); err != nil {
		return nil, fmt.Errorf("read the store: %w", err)
	}
	if err := s.checkKEK(ctx); err != nil {
		return nil, err
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.journal = newJournal(store)
	s.done.Go(func() { s.journal.run(ctx) })
	s.done.Go(func() { s.follow(ctx) })
	s.done.Go(func() { s.mend(ctx) })
	s.done.Go(func() { s.sweep(ctx) })
	return s, nil
}

// Close ends what runs in the background. It does not close the store.
func (s *Service) Close() {
	s.reportStrangers()
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
	if err := s.admit(ctx, c, e); err != nil {
		return err
	}
	return s.commit(ctx, e, act)
}

// admit is the first step of do, for acts that take some preparation. What goes wrong
// in that is for refuse to record.
func (s *Service) admit(ctx context.Context, c access.Caller, e *audit.Entry) error {
	if !c.May(e.Action, e.App, e.Subject) {
		return s.deny(ctx, c, e)
	}
	return nil
}

// commit is the last step of do.
func (s *Service) commit(ctx context.Context, e *audit.Entry, act func(tx Tx) error) error {
	if err := s.try(ctx, e, act); err != nil {
		return s.refuse(ctx, e, err)
	}
	return nil
}

// try is commit for those who may try again: a failure is not recorded.
func (s *Service) try(ctx context.Context, e *audit.Entry, act func(tx Tx) error) error {
	draft := *e
	err := s.store.Commit(ctx, []*audit.Entry{e}, func(tx Tx) error {
		*e = draft // it may have run before
		return act(tx)
	})
	if err != nil {
		*e = draft // what act wrote into it is not in effect
		return err
	}
	// Whoever made a change sees it from now on, here. If that fails the change is
	// made all the same, and the next poll shows it: an error would make the
	// caller do it twice.
	if err := s.readBack(ctx); err != nil {
		s.log.WarnContext(ctx, "change made, but not read back", "action", e.Action, "err", err)
	}
	return nil
}

// read is the door to what changes nothing. Only denials are recorded.
func (s *Service) read(ctx context.Context, c access.Caller, a access.Action, app uint32) error {
	if !c.May(a, app, "") {
		return s.deny(ctx, c, s.entry(c, a, app, ""))
	}
	return s.fresh()
}

// deny records that somebody asked for what they may not do, and returns the answer.
// The entry belongs to the caller's own application: under the one that was asked for,
// one customer could fill the log that another one reads. Who has not proved who they
// are writes nothing, or strangers could fill the disk.
func (s *Service) deny(ctx context.Context, c access.Caller, e *audit.Entry) error {
	if !c.Known() {
		return ErrDenied
	}
	if e.App != c.App {
		e.Detail = cut(strings.TrimSuffix(fmt.Sprintf("for sdkappid %d: %s", e.App, e.Detail), ": "))
		e.App = c.App
	}
	e.Outcome = audit.Denied
	if err := s.insist(ctx, e); err != nil {
		return err
	}
	return ErrDenied
}

// refuse records that what the caller may have was not possible, and returns why. What
// fails because the store is out of reach cannot be recorded.
func (s *Service) refuse(ctx context.Context, e *audit.Entry, why error) error {
	if errors.Is(why, ErrStale) || errors.Is(why, ErrUnavailable) && !errors.Is(why, errBroken) {
		return why
	}
	e.Outcome, e.Detail = audit.Refused, cut(why.Error())
	if err := s.insist(ctx, e); err != nil {
		return err
	}
	return why
}

// insistence bounds how long a record is tried that nobody may be waiting for.
const insistence = 10 * time.Second

// insist records also for callers who are gone: by hanging up nobody stays out of the log.
func (s *Service) insist(ctx context.Context, e *audit.Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insistence)
	defer cancel()
	if err := s.journal.record(ctx, e); err != nil {
		return fmt.Errorf("cannot record %s: %w", e.Action, err)
	}
	return nil
}

// record returns when it is in the log that tokens were issued. Whoever is gone by then
// gets none.
func (s *Service) record(ctx context.Context, entries ...*audit.Entry) error {
	if err := ctx.Err(); err != nil {
		return s.refuse(ctx, entries[0], err)
	}
	if err := s.journal.record(ctx, entries...); err != nil {
		return fmt.Errorf("cannot record %s: %w", entries[0].Action, err)
	}
	return nil
}

// fresh refuses to answer from a view of the store that is too old.
func (s *Service) fresh() error {
	if s.age() > s.maxStale {
		return ErrStale
	}
	return nil
}

// Ready returns nil if the service can answer, and otherwise [ErrStale]. An application
// whose keys cannot be opened is no reason: all others are answered.
func (s *Service) Ready() error { return s.fresh() }

// Staleness returns how long ago the store was last read, and the longest time there is
// if the clock has run backwards since.
func (s *Service) Staleness() time.Duration { return s.age() }
