package daemon

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

// reopening is a KEK that is opened again when it changes: when told, and when it meets
// a key that it does not open. So keys can be sealed under a new KEK while nodes run
// that have yet to see it.
type reopening struct {
	open    func(context.Context) (custody.KEK, error)
	current atomic.Pointer[custody.KEK]
	opening sync.Mutex // held while it is opened again
}

func openKEK(ctx context.Context, cfg *config.Config) (*reopening, error) {
	k := &reopening{open: func(ctx context.Context) (custody.KEK, error) {
		return custody.OpenKEK(ctx, cfg.KEKPath(), cfg.KEKOlder...)
	}}
	return k, k.reopen(ctx)
}

func (k *reopening) reopen(ctx context.Context) error {
	k.opening.Lock()
	defer k.opening.Unlock()
	kek, err := k.open(ctx)
	if err == nil {
		k.current.Store(&kek)
	}
	return err
}

// now returns the KEK as it was last opened. [custody.NeedsRewrap] needs that one.
func (k *reopening) now() custody.KEK { return *k.current.Load() }

// Wrap implements [custody.KEK].
func (k *reopening) Wrap(ctx context.Context, plain, context []byte) ([]byte, error) {
	return k.now().Wrap(ctx, plain, context)
}

// Unwrap implements [custody.KEK].
func (k *reopening) Unwrap(ctx context.Context, sealed, context []byte) ([]byte, error) {
	plain, err := k.now().Unwrap(ctx, sealed, context)
	if !errors.Is(err, custody.ErrKEK) {
		return plain, err
	}
	if err := k.reopen(ctx); err != nil {
		return nil, err
	}
	return k.now().Unwrap(ctx, sealed, context)
}

// rewrapKey is the action of a rewrap in the audit log. No API leads to it.
const rewrapKey access.Action = "key.rewrap"

// Rewrap wraps every hosted key that is not under the primary KEK anew, and returns how
// many those were. Servers go on signing meanwhile.
func (s *State) Rewrap(ctx context.Context, clock func() time.Time) (n int, err error) {
	if s.apps != nil {
		return 0, errors.New("without a store, sealed keys are files: seal them again")
	}
	changes, err := s.store.Changes(ctx, 0)
	if err != nil {
		return 0, err
	}
	for _, r := range changes.Apps {
		anew, err := s.rewrapped(ctx, r)
		if err == nil && len(anew) > 0 {
			err = s.putRewrapped(ctx, r.App.ID, anew, clock)
		}
		if err != nil {
			return n, err
		}
		n += len(anew)
	}
	return n, nil
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
		needed, err := custody.NeedsRewrap(ctx, s.kek.now(), r.App.ID, k.ID, k.Sealed)
		if err != nil {
			return nil, err
		}
		if !needed {
			continue
		}
		after, err := custody.Rewrap(ctx, s.kek.now(), r.App.ID, k.ID, k.Sealed)
		if err != nil {
			return nil, err
		}
		anew[k.ID] = sealed{k.Sealed, after}
	}
	return anew, nil
}

func (s *State) putRewrapped(ctx context.Context, app uint32, anew map[string]sealed, clock func() time.Time) error {
	e := &audit.Entry{At: clock(), Caller: initCaller.ID, Action: rewrapKey, App: app, Outcome: audit.Done, Detail: fmt.Sprintf("%d keys", len(anew))}
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

// passing is a KEK for as long as the process lives. The keys of a stateless signer are
// in files and not in a store; under it they are sealed once more, because the service
// knows no other keys.
type passing struct{ aead cipher.AEAD }

func newPassing() passing {
	var key [32]byte
	_, _ = rand.Read(key[:]) // crypto/rand never fails
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the length of the key is right
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has blocks of the right size
	}
	return passing{aead}
}

// Wrap implements [custody.KEK].
func (p passing) Wrap(_ context.Context, plain, context []byte) ([]byte, error) {
	return p.aead.Seal(nil, nil, plain, context), nil //nolint:gosec // this cipher makes its nonces itself
}

// Unwrap implements [custody.KEK].
func (p passing) Unwrap(_ context.Context, sealed, context []byte) ([]byte, error) {
	plain, err := p.aead.Open(nil, nil, sealed, context)
	if err != nil {
		return nil, custody.ErrSealed
	}
	return plain, nil
}
