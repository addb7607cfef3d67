// Package memory keeps an issuer's state in memory. It makes the promises of
// [issuer.Store] but the one about crashes, and serves tests and the signer that has
// no state to lose.
package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// Hooks let a test stand between a service and its store. They are called with the
// store locked and must not call it.
type Hooks struct {
	// Commit is called when all is ready and before any of it takes effect. Its error
	// becomes that of the commit, of which nothing stays. Wrap [issuer.ErrUnavailable]
	// to play a store that cannot be reached.
	Commit func(entries []*audit.Entry) error
	// Read is called before Changes and Audit. Its error becomes theirs.
	Read func() error
	// Rehearse runs every act twice and forgets the first time, as a database may:
	// an act that does more than the store sees is then found out.
	Rehearse bool
}

// Store is an [issuer.Store] in memory.
type Store struct {
	hooks  Hooks
	writer chan struct{} // held by the one commit that runs

	mu       sync.RWMutex // guards all below; written only with writer held as well
	head     row.Head
	next     int64 // the next SDKAppID to try
	log      []audit.Entry
	apps     map[uint32]version
	users    map[userKey]version
	once     map[string]memo
	watchers map[chan struct{}]context.CancelFunc
	closed   bool
}

// version is a document and the number of the commit that put it.
type version struct {
	seq  int64
	text string
}

type userKey struct {
	app  uint32
	user string
}

type memo struct {
	value string
	until time.Time
}

// New returns an empty store. Hooks may be nil.
func New(hooks *Hooks) *Store {
	s := &Store{
		writer:   make(chan struct{}, 1),
		head:     row.Start,
		next:     issuer.FirstAppID,
		apps:     map[uint32]version{},
		users:    map[userKey]version{},
		once:     map[string]memo{},
		watchers: map[chan struct{}]context.CancelFunc{},
	}
	if hooks != nil {
		s.hooks = *hooks
	}
	return s
}

var errClosed = fmt.Errorf("%w: it is closed", issuer.ErrUnavailable)

// Commit implements [issuer.Store].
func (s *Store) Commit(ctx context.Context, entries []*audit.Entry, act func(issuer.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.writer <- struct{}{}:
		defer func() { <-s.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.isClosed() {
		return errClosed
	}
	tx, err := s.run(act, len(entries) > 0)
	if err != nil {
		return err
	}
	block, err := s.head.Append(entries) // after act, which may complete them
	if err != nil {
		return err
	}
	if s.hooks.Commit != nil {
		if err := s.hooks.Commit(entries); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	block.Tell(entries)
	s.apply(block.Head, entries, tx)
	return nil
}

func (s *Store) isClosed() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.closed
}

// run lets act work on a draft of the changes.
func (s *Store) run(act func(issuer.Tx) error, recorded bool) (*tx, error) {
	draft := newTx(s, recorded)
	if act == nil {
		return draft, nil
	}
	defer func() { draft.done = true }()
	if s.hooks.Rehearse {
		if err := act(draft); err != nil {
			return nil, err
		}
		draft.done = true
		draft = newTx(s, recorded)
	}
	if err := act(draft); err != nil {
		return nil, err
	}
	return draft, draft.failed
}

// apply makes a draft the state.
func (s *Store) apply(head row.Head, entries []*audit.Entry, draft *tx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head, s.next = head, draft.next
	for _, e := range entries {
		s.log = append(s.log, *e)
	}
	for id, text := range draft.apps {
		s.apps[id] = version{head.Seq, text}
	}
	for key, text := range draft.users {
		if text == "" {
			delete(s.users, key)
			continue
		}
		s.users[key] = version{head.Seq, text}
	}
	s.remember(draft)
	if len(draft.apps)+len(draft.users) == 0 {
		return
	}
	for watcher := range s.watchers {
		select {
		case watcher <- struct{}{}:
		default: // it has yet to take the last one
		}
	}
}

// remember keeps what a draft remembers, and forgets some of what has ended: more than
// is added, so that there is an end to what is kept.
func (s *Store) remember(draft *tx) {
	for key, m := range draft.once {
		tries := 8
		for old, m := range s.once {
			if !draft.now.Before(m.until) {
				delete(s.once, old)
			}
			if tries--; tries == 0 {
				break
			}
		}
		s.once[key] = m
	}
}

// Changes implements [issuer.Store].
func (s *Store) Changes(ctx context.Context, since int64) (issuer.Changes, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.readable(ctx); err != nil {
		return issuer.Changes{}, err
	}
	changes := issuer.Changes{Seq: s.head.Seq}
	for _, v := range s.apps {
		if v.seq <= since {
			continue
		}
		r, err := row.DecodeRecord(v.text)
		if err != nil {
			return issuer.Changes{}, err
		}
		changes.Apps = append(changes.Apps, r)
	}
	for key, v := range s.users {
		if v.seq <= since {
			continue
		}
		u, err := row.DecodeUser(v.text)
		if err != nil {
			return issuer.Changes{}, err
		}
		changes.Users = append(changes.Users, issuer.UserRow{App: key.app, UserID: key.user, User: u})
	}
	return changes, nil
}

// Audit implements [issuer.Store].
func (s *Store) Audit(ctx context.Context, app uint32, after int64, limit int) ([]audit.Entry, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.readable(ctx); err != nil {
		return nil, err
	}
	after = min(max(after, 0), int64(len(s.log)))
	var page []audit.Entry
	for _, e := range s.log[after:] {
		if len(page) >= limit {
			break
		}
		if app == 0 || e.App == app {
			page = append(page, e)
		}
	}
	return slices.Clip(page), nil
}

// readable is called with mu held.
func (s *Store) readable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed {
		return errClosed
	}
	if s.hooks.Read != nil {
		return s.hooks.Read()
	}
	return nil
}

// Watch implements [issuer.Store]. It fires for every commit that puts something,
// since the services that share a store are in one process.
func (s *Store) Watch(ctx context.Context) <-chan struct{} {
	fired := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		cancel()
	}
	s.watchers[fired] = cancel
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, fired)
		close(fired)
	})
	return fired
}

// Close implements [issuer.Store].
func (s *Store) Close() error {
	s.writer <- struct{}{}
	defer func() { <-s.writer }()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, cancel := range s.watchers {
		cancel()
	}
	return nil
}
