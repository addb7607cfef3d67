package issuer

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"usersig"
	"usersig/server/internal/custody"
)

// A ring is everything that is known at one moment: it is never changed, a new one
// replaces it. Readers take no lock and never see half a rotation.
//
// The users in it are the exception. There are many, and what is known of one only
// ever becomes newer, so rings share them.
type ring struct {
	seq     int64
	apps    map[uint32]*member
	apiKeys map[string]apiKey
}

// member is one application in a ring.
type member struct {
	record   *Record
	verifier *usersig.Verifier // nil if it has no key that verifies
	signer   *usersig.Signer   // nil if no hosted key signs
	compact  *usersig.Signer   // the same, for tokens as short as the console's
	signing  string            // the ID of the signing key, or empty
	users    *sync.Map         // user ID to User
	broken   error             // why the keys cannot be used, if they cannot
}

type apiKey struct {
	app    uint32
	key    APIKey
	caller string // the ID of who holds it
}

func newRing() *ring {
	return &ring{apps: map[uint32]*member{}, apiKeys: map[string]apiKey{}}
}

// follow keeps the ring current until ctx ends: whenever the store says so, and
// every so often in case it did not.
func (s *Service) follow(ctx context.Context) {
	told := s.store.Watch(ctx)
	poll := time.NewTicker(s.poll)
	defer poll.Stop()
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
		_ = s.sync(ctx)
	}
}

// syncTimeout bounds one reading of the changes.
const syncTimeout = 10 * time.Second

// sync reads what has changed in the store and replaces the ring.
func (s *Service) sync(ctx context.Context) error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	old, started := s.ring.Load(), s.clock()
	if old.seq > 0 {
		// A store or a KMS that hangs must not end the polls: the first time there may be
		// a lot to read, from then on little.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, syncTimeout)
		defer cancel()
	}
	changes, err := s.store.Changes(ctx, old.seq)
	if err != nil {
		return err
	}
	if changes.Seq != old.seq {
		s.ring.Store(s.apply(ctx, old, changes))
	}
	s.lastSync.Store(started.UnixNano())
	return nil
}

func (s *Service) apply(ctx context.Context, old *ring, changes Changes) *ring {
	next := &ring{seq: changes.Seq, apps: old.apps, apiKeys: old.apiKeys}
	if len(changes.Apps) > 0 {
		next.apps, next.apiKeys = maps.Clone(old.apps), maps.Clone(old.apiKeys)
	}
	for _, r := range changes.Apps {
		s.applyApp(ctx, next, r)
	}
	for _, row := range changes.Users {
		if m := next.apps[row.App]; m != nil {
			m.users.Store(row.UserID, row.User)
		}
	}
	return next
}

// applyApp puts an application into the ring. If its keys cannot be opened it is
// there without them: one damaged row must not stop all others.
func (s *Service) applyApp(ctx context.Context, next *ring, r *Record) {
	m := &member{record: r, users: new(sync.Map)}
	if old := next.apps[r.App.ID]; old != nil {
		m.users = old.users
		for _, k := range old.record.APIKeys {
			delete(next.apiKeys, k.ID)
		}
	}
	for _, k := range r.APIKeys {
		if k.DeletedAt == nil && r.App.State != Deleted {
			next.apiKeys[k.ID] = apiKey{r.App.ID, k, "apikey:" + k.ID}
		}
	}
	if r.App.ID != Platform {
		if err := s.openKeys(ctx, m); err != nil {
			m.broken = fmt.Errorf("application %d: %w", r.App.ID, err)
			m.verifier, m.signer, m.compact = nil, nil, nil
			s.log.ErrorContext(ctx, "keys cannot be opened", "sdkappid", r.App.ID, "err", err)
		}
	}
	next.apps[r.App.ID] = m
}

// openKeys makes the application's verifier and, if its signing key is hosted, its
// signer.
func (s *Service) openKeys(ctx context.Context, m *member) error {
	var verifying []usersig.VerifyingKey
	for i := range m.record.Keys {
		k := &m.record.Keys[i]
		if k.State == Dead || k.State == Retired && !s.clock().Before(*k.RetireAt) {
			continue
		}
		public, private, err := s.openKey(ctx, m.record.App.ID, k)
		if err != nil {
			return err
		}
		if k.State == Retired {
			public = usersig.RetireAt(public, *k.RetireAt)
		}
		if k.State == Signing {
			// Most tokens are signed with it, so it is tried first.
			verifying = append([]usersig.VerifyingKey{public}, verifying...)
			m.signing = k.ID
			if err := s.openSigner(m, private); err != nil {
				return err
			}
			continue
		}
		verifying = append(verifying, public)
	}
	if len(verifying) == 0 {
		return nil
	}
	v, err := usersig.NewVerifier(m.record.App.ID, verifying, &usersig.VerifierOptions{
		Clock: s.clock, Revoked: s.revoked(m.users),
	})
	m.verifier = v
	return err
}

// openKey returns the two halves of a key, the private one only if it is hosted.
func (s *Service) openKey(ctx context.Context, app uint32, k *Key) (usersig.VerifyingKey, usersig.SigningKey, error) {
	if len(k.Sealed) == 0 {
		public, err := usersig.ParsePublicKey([]byte(k.Public))
		return public, nil, err
	}
	private, err := custody.Open(ctx, s.kek, app, k.ID, k.Sealed)
	if err != nil {
		return nil, nil, fmt.Errorf("key %s: %w", k.ID, err)
	}
	switch key := private.(type) {
	case *usersig.PrivateKey:
		return key.Public(), key, nil
	case *usersig.Secret:
		return key, key, nil
	}
	return nil, nil, fmt.Errorf("key %s: %w", k.ID, usersig.ErrInvalidKey)
}

func (s *Service) openSigner(m *member, private usersig.SigningKey) (err error) {
	if private == nil {
		return nil
	}
	opts := usersig.SignerOptions{Clock: s.clock, MaxTTL: time.Duration(m.record.App.Settings.MaxTTL) * time.Second}
	if m.signer, err = usersig.NewSigner(m.record.App.ID, private, &opts); err != nil {
		return err
	}
	opts.Compress = true
	m.compact, err = usersig.NewSigner(m.record.App.ID, private, &opts)
	return err
}

// member returns an application that is not deleted.
func (s *Service) member(app uint32) (*member, error) {
	m := s.ring.Load().apps[app]
	if m == nil || app == Platform || m.record.App.State == Deleted {
		return nil, fmt.Errorf("application %d: %w", app, ErrNotFound)
	}
	return m, nil
}

// revoked answers the last question of a verification from what is known of users.
func (s *Service) revoked(users *sync.Map) func(context.Context, usersig.Verified) error {
	return func(_ context.Context, who usersig.Verified) error {
		v, ok := users.Load(who.UserID())
		if !ok {
			return nil
		}
		u := v.(User)
		switch {
		case s.clock().Before(u.BlockedUntil):
			return usersig.ErrBlocked
		case who.IssuedAt().Unix() <= u.RevokedTo:
			return usersig.ErrRevoked
		}
		return nil
	}
}

func (m *member) user(id string) User {
	if v, ok := m.users.Load(id); ok {
		return v.(User)
	}
	return User{}
}
