package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

// forgetKey is the action, in the audit log, of ending a key whose KEK is lost. No API
// leads to it: a server does not start with such a key.
const forgetKey access.Action = "key.forget"

// Forget ends those hosted keys of an application that the KEK does not open, because the
// one that did is lost, and returns how many those were. When no application has such a
// key any more, the KEK becomes the store's, and servers start with it.
//
// It is not undone by finding the KEK again: only a backup is.
func (s *State) Forget(ctx context.Context, app uint32, clock func() time.Time) (n int, err error) {
	changes, err := s.store.Changes(ctx, 0)
	if err != nil {
		return 0, err
	}
	var lost []issuer.Key
	var platform *issuer.Record
	known, others := false, false
	for _, r := range changes.Apps {
		shut, err := s.shut(ctx, r)
		switch {
		case err != nil:
			return 0, err
		case r.App.ID == issuer.Platform:
			platform = r
		case r.App.ID == app:
			known, lost = true, shut
		default:
			others = others || len(shut) > 0
		}
	}
	if !known {
		return 0, fmt.Errorf("application %d: %w", app, issuer.ErrNotFound)
	}
	if n, err = s.forget(ctx, app, lost, clock()); err != nil || others {
		return n, err
	}
	return n, s.renewCheck(ctx, platform, offline, clock)
}

// shut returns the keys of r that are under another KEK.
func (s *State) shut(ctx context.Context, r *issuer.Record) (keys []issuer.Key, err error) {
	for _, k := range r.Keys {
		if len(k.Sealed) == 0 {
			continue
		}
		_, err := custody.Open(ctx, s.kek, r.App.ID, k.ID, k.Sealed)
		switch {
		case errors.Is(err, custody.ErrKEK):
			keys = append(keys, k)
		case err != nil && !errors.Is(err, custody.ErrSealed):
			return nil, err // a KMS that is away: nothing is known
		}
	}
	return keys, nil
}

func (s *State) forget(ctx context.Context, app uint32, lost []issuer.Key, now time.Time) (int, error) {
	if len(lost) == 0 {
		return 0, nil
	}
	var entries []*audit.Entry
	for _, k := range lost {
		entries = append(entries, &audit.Entry{
			At: now, Caller: offline, Action: forgetKey, App: app, Subject: k.ID, Outcome: audit.Done, Detail: issuer.KEKLost,
		})
	}
	return len(lost), s.store.Commit(ctx, entries, func(tx issuer.Tx) error {
		r, err := tx.App(app)
		if err != nil {
			return err
		}
		for _, k := range lost {
			for i := range r.Keys {
				if r.Keys[i].ID != k.ID {
					continue
				}
				if !bytes.Equal(r.Keys[i].Sealed, k.Sealed) {
					return fmt.Errorf("%w: key %s was changed meanwhile: stop all servers first", issuer.ErrConflict, k.ID)
				}
				r.Keys[i].Forget(now.UTC(), offline)
			}
		}
		r.App.UpdatedAt = now.UTC()
		return tx.PutApp(r)
	})
}
