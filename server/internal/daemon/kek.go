package daemon

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"usersig/server/internal/config"
	"usersig/server/internal/custody"
)

// reopening is a KEK that is opened again when it changes: when told, and when it meets
// a key that it does not open. So keys can be sealed under a new KEK while nodes run
// that have yet to see it.
type reopening struct {
	name    string // for people
	open    func(context.Context) (custody.KEK, error)
	current atomic.Pointer[custody.KEK]
	opening sync.Mutex // held while it is opened again
}

func openKEK(ctx context.Context, cfg *config.Config) (*reopening, error) {
	k := &reopening{name: nameKEK(cfg.KEKPath()), open: func(ctx context.Context) (custody.KEK, error) {
		return custody.OpenKEK(ctx, cfg.KEKPath(), cfg.KEKOlder...)
	}}
	return k, k.reopen(ctx)
}

// nameKEK says which KEK a path or URI is. Of a KMS it says no more than the scheme:
// somebody may have written credentials into the rest.
func nameKEK(path string) string {
	if scheme, _, ok := strings.Cut(path, "://"); ok && scheme != "file" {
		return fmt.Sprintf("the KEK in the %.16q KMS", scheme)
	}
	return fmt.Sprintf("the KEK file %q", path)
}

// String names the KEK.
func (k *reopening) String() string { return k.name }

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
