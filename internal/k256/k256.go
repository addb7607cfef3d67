// Package k256 owns ECDSA on secp256k1, the one curve of ours that crypto/ecdsa
// does not handle in constant time. It is the only package that knows which
// library does the arithmetic; docs/design/0003-secp256k1.md says why that one.
//
// It does no encoding of keys: package eckey does, for all curves alike.
package k256

import (
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"

	"gitlab.com/yawning/secp256k1-voi/secec"
)

// Sizes in bytes of a private value and of one coordinate of a point.
const (
	PrivateSize = 32
	CoordSize   = 32
)

var (
	errScalar = errors.New("secp256k1: private value is not between 1 and n-1")
	errPoint  = errors.New("secp256k1: not a point on the curve")
)

// PrivateKey is a secp256k1 private key. It implements [crypto.Signer].
type PrivateKey struct {
	key *secec.PrivateKey
	pub *PublicKey
}

// New returns the private key with the given big-endian value of exactly
// [PrivateSize] bytes, which must be between 1 and n-1.
func New(value []byte) (*PrivateKey, error) {
	key, err := secec.NewPrivateKey(value)
	if err != nil {
		// The library's errors are dropped, here and below: they come from code
		// that has just read a secret.
		return nil, errScalar
	}
	return wrap(key), nil
}

// Generate returns a new random key.
func Generate() (*PrivateKey, error) {
	key, err := secec.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("generate secp256k1 key: %w", err)
	}
	return wrap(key), nil
}

func wrap(key *secec.PrivateKey) *PrivateKey {
	return &PrivateKey{key: key, pub: &PublicKey{key: key.PublicKey()}}
}

// Bytes returns the private value, big-endian, [PrivateSize] bytes.
func (k *PrivateKey) Bytes() []byte { return k.key.Bytes() }

// Public returns the public half as a [*PublicKey].
func (k *PrivateKey) Public() crypto.PublicKey { return k.pub }

// Equal reports whether x is the same private key, in constant time.
func (k *PrivateKey) Equal(x crypto.PrivateKey) bool {
	other, ok := x.(*PrivateKey)
	return ok && other != nil && k.key.Equal(other.key)
}

// Format implements [fmt.Formatter]. Whatever the verb, nothing of the value is
// printed.
func (k *PrivateKey) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "secp256k1 private key")
}

// Sign signs digest in constant time and returns a DER signature with s at most
// n/2. Of digest, which must have 32 bytes or more, ECDSA uses the first 32; a
// shorter one, a bug of the caller, is an error.
//
// Both other arguments are ignored. The nonce is drawn from [rand.Reader] and
// mixed with the key and the digest, so that no caller's poor source of
// randomness can reveal the key; and the library panics on options that
// [crypto.Signer] permits, those whose hash function is 0.
func (k *PrivateKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	r, s, _, err := k.key.SignRaw(rand.Reader, digest)
	if err != nil {
		return nil, fmt.Errorf("sign with secp256k1: %w", err)
	}
	return secec.BuildASN1Signature(r, s), nil
}

// PublicKey is a point on secp256k1 other than infinity.
type PublicKey struct {
	key *secec.PublicKey
}

// NewPublic returns the public key in the SEC 1 encoding point, compressed or
// uncompressed.
func NewPublic(point []byte) (*PublicKey, error) {
	key, err := secec.NewPublicKey(point)
	if err != nil {
		return nil, errPoint
	}
	return &PublicKey{key: key}, nil
}

// FromCoords returns the public key with the affine coordinates x and y.
func FromCoords(x, y *big.Int) (*PublicKey, error) {
	point := make([]byte, 1+2*CoordSize)
	point[0] = 4 // uncompressed
	for i, v := range []*big.Int{x, y} {
		if v == nil || v.Sign() < 0 || v.BitLen() > 8*CoordSize {
			return nil, errPoint
		}
		v.FillBytes(point[1+i*CoordSize:][:CoordSize])
	}
	return NewPublic(point)
}

// Bytes returns the uncompressed SEC 1 encoding of the key.
func (k *PublicKey) Bytes() []byte { return k.key.Bytes() }

// Equal reports whether x is the same public key.
func (k *PublicKey) Equal(x crypto.PublicKey) bool {
	other, ok := x.(*PublicKey)
	return ok && other != nil && k.key.Equal(other.key)
}

// Verify reports whether sig is a signature of digest by the key. The encoding
// must be strict DER: BER lengths, integers that are negative or padded, and
// bytes left over would let one signature be written in many ways. Both s and
// its twin n-s are good, because the field's signers emit either.
func (k *PublicKey) Verify(digest, sig []byte) bool {
	r, s, err := secec.ParseASN1Signature(sig)
	return err == nil && k.key.VerifyRaw(digest, r, s)
}
