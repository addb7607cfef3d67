package issuer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"usersig"
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
	broken  map[uint32]*member // those of apps whose keys cannot be used
}

// member is one application in a ring.
type member struct {
	record      *Record
	verifier    *usersig.Verifier // nil if it has no key that verifies
	signer      *usersig.Signer   // nil if no hosted key signs
	compact     *usersig.Signer   // the same, for tokens as short as the console's
	signing     string            // the ID of the signing key, or empty
	opened      map[string]opened // by ID: the keys that are not over
	users       *sync.Map         // user ID to User
	broken      error             // why the keys cannot be used, if they cannot
	brokenSince time.Time
}

type apiKey struct {
	app    uint32
	key    APIKey
	caller string // the ID of who holds it
}

func newRing() *ring {
	return &ring{apps: map[uint32]*member{}, apiKeys: map[string]apiKey{}, broken: map[uint32]*member{}}
}

// apply returns the ring after changes, and what is new in it.
func (s *Service) apply(ctx context.Context, old *ring, changes Changes) (*ring, Change) {
	next, news := &ring{changes.Seq, old.apps, old.apiKeys, old.broken}, Change{}
	if len(changes.Apps) > 0 {
		next.apps, next.apiKeys, next.broken = maps.Clone(old.apps), maps.Clone(old.apiKeys), maps.Clone(old.broken)
	}
	for _, r := range changes.Apps {
		s.applyApp(ctx, next, r)
		if r.App.ID != Platform {
			news.Apps = append(news.Apps, r.App.ID)
		}
	}
	for _, row := range changes.Users {
		if m := next.apps[row.App]; m != nil {
			m.users.Store(row.UserID, row.User)
			news.Users = append(news.Users, UserRef{row.App, row.UserID})
		}
	}
	return next, news
}

// applyApp puts an application into the ring.
func (s *Service) applyApp(ctx context.Context, next *ring, r *Record) {
	old := next.apps[r.App.ID]
	if old != nil {
		for _, k := range old.record.APIKeys {
			delete(next.apiKeys, k.ID)
		}
	}
	for _, k := range r.APIKeys {
		if k.DeletedAt == nil && r.App.State != Deleted {
			next.apiKeys[k.ID] = apiKey{r.App.ID, k, "apikey:" + k.ID}
		}
	}
	m := s.open(ctx, r, old)
	s.noteKeys(ctx, old, m)
	next.put(m)
}

// put puts a member into a ring that nobody else has yet.
func (r *ring) put(m *member) {
	id := m.record.App.ID
	r.apps[id] = m
	delete(r.broken, id)
	if m.broken != nil {
		r.broken[id] = m
	}
}

// noteKeys logs that keys cannot be used, once, and that they can again.
func (s *Service) noteKeys(ctx context.Context, old, m *member) {
	was := old != nil && old.broken != nil
	switch id := m.record.App.ID; {
	case m.broken != nil && !was:
		s.log.ErrorContext(ctx, "keys cannot be opened", "sdkappid", id, "err", m.broken)
	case m.broken == nil && was:
		s.log.InfoContext(ctx, "keys are in order again", "sdkappid", id, "after", s.clock().Sub(old.brokenSince))
	}
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
		return s.standing(users, who.UserID(), who.IssuedAt())
	}
}

// standing returns nil if a user may come in with a token of that date.
func (s *Service) standing(users *sync.Map, user string, issued time.Time) error {
	v, ok := users.Load(user)
	if !ok {
		return nil
	}
	u := v.(User)
	switch {
	case s.clock().Before(u.BlockedUntil):
		return usersig.ErrBlocked
	case issued.Unix() <= u.RevokedTo:
		return usersig.ErrRevoked
	}
	return nil
}

func (m *member) user(id string) User {
	if v, ok := m.users.Load(id); ok {
		return v.(User)
	}
	return User{}
}

// live reports whether the key with this ID verifies at an instant.
func (m *member) live(id string, now time.Time) bool {
	return slices.ContainsFunc(m.record.Keys, func(k Key) bool { return k.ID == id && k.live(now) })
}

// live reports whether the key verifies at an instant.
func (k *Key) live(now time.Time) bool {
	return k.State == Next || k.State == Signing || k.State == Retired && now.Before(*k.RetireAt)
}
