package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usersig"
	"usersig/server/internal/access"
)

// end retires or kills a key. The private half of one that only verifies from now on
// is dropped.
func (k *Key) end(state KeyState, now time.Time, by, reason string) {
	k.State, k.EndedAt, k.EndedBy, k.Reason = state, &now, by, cut(reason)
	if k.Public != "" || state == Dead {
		k.Sealed = nil
	}
}

// live returns how many keys verify at an instant.
func (r *Record) live(now time.Time) (n int) {
	for _, k := range r.Keys {
		if k.State == Next || k.State == Signing || k.State == Retired && now.Before(*k.RetireAt) {
			n++
		}
	}
	return n
}

func (r *Record) key(state KeyState) *Key {
	i := slices.IndexFunc(r.Keys, func(k Key) bool { return k.State == state })
	if i < 0 {
		return nil
	}
	return &r.Keys[i]
}

// add appends a key, unless there would be more than a verifier takes: it tries
// every key, so each one costs.
func (r *Record) add(k Key, now time.Time) error {
	switch {
	case slices.Contains(r.Past, k.ID), slices.ContainsFunc(r.Keys, func(o Key) bool { return o.ID == k.ID }):
		return fmt.Errorf("%w: key %s was there before, and a key never comes back", ErrConflict, k.ID)
	case r.live(now) >= usersig.MaxKeys:
		return fmt.Errorf("%w: %d keys are live; kill one or wait until one retires", ErrConflict, usersig.MaxKeys)
	case len(r.Keys)+len(r.Past) >= mostKeys:
		return fmt.Errorf("%w: there have been %d keys, of which none may come back; make another application", ErrConflict, mostKeys)
	}
	r.Keys = append(r.Keys, k)
	return nil
}

// next returns the key that the next rotation makes sign, or nil. One whose private half
// is not here cannot sign for a hosted application, and an imported one does when its
// owner has said so.
func (r *Record) next() *Key {
	hosted := r.App.Settings.Custody == CustodyHosted
	i := slices.IndexFunc(r.Keys, func(k Key) bool {
		return k.State == Next && !k.VerifiesOnly() && (!hosted || len(k.Sealed) > 0)
	})
	if i < 0 {
		return nil
	}
	return &r.Keys[i]
}

// promote makes the key with the given ID sign. The one that did so far verifies
// for as long as overlap says: if nil, as long as a token of it can live.
func (r *Record) promote(id string, now time.Time, overlap *time.Duration, by, reason string) {
	for i := range r.Keys {
		k := &r.Keys[i]
		switch {
		case k.ID == id:
			k.State, k.SignNext = Signing, false
			k.signsFor(r.App.Settings.MaxTTL)
		case k.State == Signing:
			k.signsFor(r.App.Settings.MaxTTL) // it may be older than this field
			at := now.Add(time.Duration(k.MaxTTL) * time.Second)
			if overlap != nil {
				at = now.Add(*overlap)
			}
			k.end(Retired, now, by, reason)
			k.RetireAt = &at
		}
	}
}

// signsFor notes that tokens that the key signs live up to ttl seconds.
func (k *Key) signsFor(ttl int64) { k.MaxTTL = max(k.MaxTTL, ttl) }

// Keys returns the keys of an application, dead ones included, without what is
// sealed.
func (s *Service) Keys(ctx context.Context, c access.Caller, app uint32) ([]Key, error) {
	if err := s.read(ctx, c, access.ReadApp, app); err != nil {
		return nil, err
	}
	m, err := s.member(app)
	if err != nil {
		return nil, err
	}
	keys := slices.Clone(m.record.Keys)
	for i := range keys {
		keys[i] = keys[i].public(s.clock())
	}
	return keys, nil
}

// public returns the key as it is shown: without its sealed half, and dead once its
// time is over.
func (k Key) public(now time.Time) Key {
	k.Sealed = nil
	if k.State == Retired && !now.Before(*k.RetireAt) {
		k.State = Dead
	}
	return k
}
