package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

// rewrapKey is the action of a rewrap in the audit log. No API leads to it.
const rewrapKey access.Action = "key.rewrap"

// offline is who has the state, and not the API.
const offline = "offline"

// OpenSealed opens the store and the KEK, and no service, which would refuse a KEK that
// is not the store's: [State.Rewrap] and [State.Forget] are all that the state is for.
func OpenSealed(ctx context.Context, cfg *config.Config) (*State, error) {
	if cfg.Stateless() {
		return nil, errStateless
	}
	s := &State{config: cfg}
	if err := s.openStored(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

var errStateless = errors.New("without a store, sealed keys are files: seal them again")

// atSignal is who has had the server put keys under another KEK: who may send it a signal.
const atSignal = "SIGHUP"

// Rewrap puts every hosted key that is not under the primary KEK under it, and returns how
// many those were. Servers go on signing meanwhile.
func (s *State) Rewrap(ctx context.Context, clock func() time.Time) (n int, err error) {
	return s.rewrapAll(ctx, offline, clock)
}

func (s *State) rewrapAll(ctx context.Context, by string, clock func() time.Time) (n int, err error) {
	if s.apps != nil {
		return 0, errStateless
	}
	changes, err := s.store.Changes(ctx, 0)
	if err != nil {
		return 0, err
	}
	var platform *issuer.Record
	for _, r := range changes.Apps {
		if r.App.ID == issuer.Platform {
			platform = r
		}
		anew, err := s.rewrapped(ctx, r)
		if err == nil && len(anew) > 0 {
			err = s.putRewrapped(ctx, r.App.ID, anew, by, clock)
		}
		if err != nil {
			return n, err
		}
		n += len(anew)
	}
	return n, s.renewCheck(ctx, platform, by, clock)
}

// sealed is a key's sealed bytes before and after.
type sealed struct{ before, after []byte }

// rewrapped returns the keys of r, by ID, that need it. The KEK may be slow, so this is
// outside of any transaction.
func (s *State) rewrapped(ctx context.Context, r *issuer.Record) (map[string]sealed, error) {
	anew := map[string]sealed{}
	for _, k := range r.Keys {
		if len(k.Sealed) == 0 {
			continue
		}
		after, err := s.rewrap(ctx, r.App.ID, k.ID, k.Sealed)
		if err != nil {
			return nil, err
		}
		if after != nil {
			anew[k.ID] = sealed{k.Sealed, after}
		}
	}
	return anew, nil
}

// rewrap returns what was sealed under the primary KEK, or nil if it is there already.
func (s *State) rewrap(ctx context.Context, app uint32, id string, before []byte) ([]byte, error) {
	needed, err := custody.NeedsRewrap(ctx, s.kek.now(), app, id, before)
	if err != nil || !needed {
		return nil, err
	}
	return custody.Rewrap(ctx, s.kek.now(), app, id, before)
}

func (s *State) putRewrapped(ctx context.Context, app uint32, anew map[string]sealed, by string, clock func() time.Time) error {
	e := &audit.Entry{At: clock(), Caller: by, Action: rewrapKey, App: app, Outcome: audit.Done, Detail: fmt.Sprintf("%d keys", len(anew))}
	return s.store.Commit(ctx, []*audit.Entry{e}, func(tx issuer.Tx) error {
		r, err := tx.App(app)
		if err != nil {
			return err
		}
		for i, k := range r.Keys {
			// Not if it was killed or replaced since.
			if c, ok := anew[k.ID]; ok && bytes.Equal(k.Sealed, c.before) {
				r.Keys[i].Sealed = c.after
			}
		}
		return tx.PutApp(r)
	})
}

// renewCheck puts the store's check of its KEK under the primary KEK, once no key needs
// another one. If the KEK does not open the check, that has been replaced, and the check
// is made anew.
func (s *State) renewCheck(ctx context.Context, platform *issuer.Record, by string, clock func() time.Time) error {
	if platform == nil {
		return nil // it was not initialised to its end
	}
	before := platform.KEKCheck
	after, err := s.rewrap(ctx, issuer.Platform, custody.CheckID, before)
	if errors.Is(err, custody.ErrKEK) || errors.Is(err, custody.ErrSealed) {
		after, err = custody.SealCheck(ctx, s.kek)
	}
	if err != nil || after == nil {
		return err
	}
	e := &audit.Entry{At: clock(), Caller: by, Action: rewrapKey, Outcome: audit.Done, Detail: "the check of the KEK"}
	return s.store.Commit(ctx, []*audit.Entry{e}, func(tx issuer.Tx) error {
		r, err := tx.App(issuer.Platform)
		if err != nil || !bytes.Equal(r.KEKCheck, before) {
			return err
		}
		r.KEKCheck = after
		return tx.PutApp(r)
	})
}
