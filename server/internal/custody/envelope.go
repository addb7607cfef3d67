package custody

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
)

// Sizes in bytes.
const (
	version     = 1
	headerSize  = 4
	dataKeySize = 32
	innerExtra  = 12 + 16  // nonce and tag
	maxWrapped  = 4 << 10  // the largest KMS answer known is 0.5 KiB
	maxSealed   = 16 << 10 // what is longer is not ours: refused before any work
	maxPlain    = 8 << 10  // a P-521 key takes 0.4 KiB, a SECRETKEY 1 KiB at most
	bindingMark = "usersig key v1"
)

// kind says what the plain bytes are. It is a part of the binding: read as a SECRETKEY,
// a private key would sign tokens too, of the wrong scheme.
type kind byte

const (
	kindPrivate kind = 'E' // PKCS #8 PEM
	kindSecret  kind = 'H' // the text of a SECRETKEY
	kindCheck   kind = 'C' // random bytes: see SealCheck
)

// envelope is a sealed key, taken apart:
//
//	offset  size  content
//	0       1     version of this format, 1
//	1       1     kind: 'E' private key (PKCS #8 PEM), 'H' SECRETKEY (its text), 'C' check
//	2       2     n, big endian
//	4       n     data key of 32 bytes, wrapped by the KEK in a form of its own
//	4+n     12    nonce
//	16+n    …     key, encrypted with AES-256-GCM under the data key
//	end-16  16    tag of that
//
// Both layers have the binding of the row as associated data, which covers the version
// and the kind as well. A changed n moves the border between two ciphertexts, neither of
// which then opens.
type envelope struct {
	kind    kind
	wrapped []byte
	inner   []byte // nonce, ciphertext, tag
}

// binding ties a sealed key to its row.
//
// Without it, somebody who can write to the database but read no keys could copy the
// sealed key of an application of their own over that of a victim's, whose tokens they
// could then make, or put a leaked key back under the ID of its successor.
//
// Either layer would do against that. The KEK's has it so that a wrong row is refused,
// and named in the log of the KMS, before a data key is out. The inner one has it
// because some KMS clients ignore what they are given as context.
//
// The ID may hold any bytes and yet two rows never share a binding, because the other
// parts cannot contain a NUL.
func binding(app uint32, keyID string, k kind) []byte {
	return fmt.Appendf(nil, "%s\x00%d\x00%s\x00%c", bindingMark, app, keyID, k)
}

func parse(sealed []byte) (envelope, error) {
	if len(sealed) < headerSize || len(sealed) > maxSealed || sealed[0] != version {
		return envelope{}, ErrSealed
	}
	n := int(binary.BigEndian.Uint16(sealed[2:]))
	e := envelope{kind: kind(sealed[1])}
	switch rest := sealed[headerSize:]; {
	case e.kind != kindPrivate && e.kind != kindSecret && e.kind != kindCheck:
		return envelope{}, ErrSealed
	case n == 0 || n > maxWrapped || len(rest) < n+innerExtra:
		return envelope{}, ErrSealed
	default:
		e.wrapped, e.inner = rest[:n:n], rest[n:]
		return e, nil
	}
}

func (e envelope) marshal() []byte {
	b := make([]byte, 0, headerSize+len(e.wrapped)+len(e.inner))
	b = append(b, version, byte(e.kind))
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.wrapped))) //nolint:gosec // wrap bounds it
	b = append(b, e.wrapped...)
	return append(b, e.inner...)
}

// seal encrypts plain under a new data key.
func seal(ctx context.Context, kek KEK, binding []byte, k kind, plain []byte) ([]byte, error) {
	if len(plain) > maxPlain {
		return nil, fmt.Errorf("the key is longer than %d bytes", maxPlain)
	}
	dataKey := make([]byte, dataKeySize)
	defer clear(dataKey)
	rand.Read(dataKey)
	// The KMS comes first: if it refuses, the data key has encrypted nothing.
	wrapped, err := wrap(ctx, kek, dataKey, binding)
	if err != nil {
		return nil, err
	}
	inner := newAEAD(dataKey).Seal(nil, nil, plain, binding) //nolint:gosec // the AEAD draws the nonce itself
	e := envelope{kind: k, wrapped: wrapped, inner: inner}
	return e.marshal(), nil
}

// open decrypts the key, which the caller clears.
func (e envelope) open(ctx context.Context, kek KEK, binding []byte) ([]byte, error) {
	dataKey, err := e.unwrap(ctx, kek, binding)
	if err != nil {
		return nil, err
	}
	defer clear(dataKey)
	plain, err := newAEAD(dataKey).Open(nil, nil, e.inner, binding)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func (e envelope) rewrap(ctx context.Context, kek KEK, binding []byte) ([]byte, error) {
	dataKey, err := e.unwrap(ctx, kek, binding)
	if err != nil {
		return nil, err
	}
	defer clear(dataKey)
	if e.wrapped, err = wrap(ctx, kek, dataKey, binding); err != nil {
		return nil, err
	}
	return e.marshal(), nil
}

func wrap(ctx context.Context, kek KEK, dataKey, binding []byte) ([]byte, error) {
	wrapped, err := kek.Wrap(ctx, dataKey, binding)
	if err != nil {
		return nil, err
	}
	if len(wrapped) == 0 || len(wrapped) > maxWrapped {
		return nil, fmt.Errorf("the KEK wraps a data key into %d bytes, not 1 to %d", len(wrapped), maxWrapped)
	}
	return wrapped, nil
}

// unwrap returns the data key, which the caller clears.
func (e envelope) unwrap(ctx context.Context, kek KEK, binding []byte) ([]byte, error) {
	dataKey, err := kek.Unwrap(ctx, e.wrapped, binding)
	if err != nil {
		return nil, err
	}
	if len(dataKey) != dataKeySize {
		clear(dataKey)
		return nil, ErrSealed
	}
	return dataKey, nil
}

// newAEAD returns AES-256-GCM with random nonces. A data key encrypts once, so a nonce
// cannot repeat under it.
func newAEAD(dataKey []byte) cipher.AEAD {
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		panic(err) // the size of the key is ours
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // the block is AES
	}
	return aead
}
