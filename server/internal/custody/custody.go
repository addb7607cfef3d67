// Package custody seals the private keys and SECRETKEYs that are hosted here, and opens
// them to sign. No other package sees the bytes of a key.
//
// A stored key is encrypted under a random data key of its own, and the data key under
// a key encryption key ([KEK]) that is not in the database: a file, or a key that never
// leaves a KMS. So a stolen database or backup signs nothing, and replacing the KEK
// means wrapping some 32 bytes a row anew and not touching the keys.
//
// What it does not do: it keeps no state, decides nothing about who may use a key, and
// cannot protect keys from who can read the memory of this process. See [Harden] for
// what is done about that.
package custody

import (
	"context"
	"errors"
	"fmt"

	"usersig"
)

// KEK wraps data keys. It is a local file or a key in a KMS, and safe for concurrent
// use.
//
// Unwrap succeeds only with the context that was given to Wrap.
type KEK interface {
	Wrap(ctx context.Context, plain, context []byte) ([]byte, error)
	Unwrap(ctx context.Context, sealed, context []byte) ([]byte, error)
}

// The reasons for which a sealed key does not open. An error of neither kind is the
// KMS's, which may be out of reach.
var (
	ErrKEK = errors.New("the KEK does not open this key: is it the file that was made with this data folder?")

	// ErrSealed covers both causes because no cipher can tell them apart.
	ErrSealed = errors.New("the sealed key is damaged, or belongs to another application or key")
)

// Seal encrypts key so that [Open] returns it to whoever has kek and names the same
// application and the ID of key.
func Seal(ctx context.Context, kek KEK, app uint32, key usersig.SigningKey) ([]byte, error) {
	kind, plain, err := encode(key)
	if err != nil {
		return nil, fmt.Errorf("seal a key of app %d: %w", app, err)
	}
	defer clear(plain)
	sealed, err := seal(ctx, kek, binding(app, key.ID(), kind), kind, plain)
	if err != nil {
		return nil, fmt.Errorf("seal key %s of app %d: %w", key.ID(), app, err)
	}
	return sealed, nil
}

// Open returns the key that [Seal] was given. It fails with [ErrKEK] or [ErrSealed],
// or because the KMS does.
func Open(ctx context.Context, kek KEK, app uint32, keyID string, sealed []byte) (usersig.SigningKey, error) {
	key, err := open(ctx, kek, app, keyID, sealed)
	if err != nil {
		return nil, fmt.Errorf("open key %.32q of app %d: %w", keyID, app, err)
	}
	return key, nil
}

func open(ctx context.Context, kek KEK, app uint32, keyID string, sealed []byte) (usersig.SigningKey, error) {
	e, err := parse(sealed)
	if err != nil {
		return nil, err
	}
	plain, err := e.open(ctx, kek, binding(app, keyID, e.kind))
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	key, err := decode(e.kind, plain)
	if err != nil {
		return nil, err
	}
	// The binding holds only what Seal was told. A row that was sealed under a wrong ID
	// would sign as a key that the operator does not know of and cannot kill.
	if key.ID() != keyID {
		return nil, ErrSealed
	}
	return key, nil
}

// Rewrap returns sealed with its data key wrapped under the primary key of kek. The key
// inside is not decrypted, and both the old and the new text open while kek knows both.
func Rewrap(ctx context.Context, kek KEK, app uint32, keyID string, sealed []byte) ([]byte, error) {
	e, err := parse(sealed)
	if err == nil {
		sealed, err = e.rewrap(ctx, kek, binding(app, keyID, e.kind))
	}
	if err != nil {
		return nil, fmt.Errorf("rewrap key %.32q of app %d: %w", keyID, app, err)
	}
	return sealed, nil
}

// NeedsRewrap reports whether another key than the primary one of kek wraps the data
// key, so that [Rewrap] has something to do. A KMS keeps the old versions of its key
// itself: what it can open needs nothing.
func NeedsRewrap(ctx context.Context, kek KEK, app uint32, keyID string, sealed []byte) (bool, error) {
	e, err := parse(sealed)
	if err != nil {
		return false, fmt.Errorf("look at key %.32q of app %d: %w", keyID, app, err)
	}
	r, ok := kek.(rotating)
	return ok && !r.current(ctx, e.wrapped, binding(app, keyID, e.kind)), nil
}

// rotating is a [KEK] that consists of several keys.
type rotating interface {
	// current reports whether sealed was made with the key that Wrap uses.
	current(ctx context.Context, sealed, context []byte) bool
}

// encode returns the bytes to be sealed, which the caller clears.
//
// Go does not promise that this leaves no copy: the garbage collector does not move
// heap objects today, but stacks move, registers are spilled, and the key that signs
// stays in memory anyway as long as it is in use. Clearing shortens the time in which a
// stray read of memory finds a key in a form that is easy to recognise, no more.
func encode(key usersig.SigningKey) (kind, []byte, error) {
	switch k := key.(type) {
	case *usersig.PrivateKey:
		if k != nil {
			plain, err := k.EncodePEM()
			return kindPrivate, plain, err
		}
	case *usersig.Secret:
		if k != nil {
			return kindSecret, []byte(k.Reveal()), nil
		}
	}
	return 0, nil, errors.New("there is no key")
}

// decode undoes encode. It keeps the parser's words to itself: they are about the text
// of a key.
func decode(k kind, plain []byte) (usersig.SigningKey, error) {
	switch k {
	case kindPrivate:
		if key, err := usersig.ParsePrivateKey(plain); err == nil {
			return key, nil
		}
	case kindSecret:
		if key, err := usersig.ParseSecret(plain); err == nil {
			return key, nil
		}
	case kindCheck: // is no key
	}
	return nil, ErrSealed
}
