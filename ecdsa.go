package usersig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"usersig/internal/eckey"
)

// Curve is an elliptic curve for ECDSA keys.
type Curve uint8

// The supported curves. Signatures use SHA-256 on all of them.
const (
	P256      = Curve(eckey.P256)
	P384      = Curve(eckey.P384)
	P521      = Curve(eckey.P521)
	Secp256k1 = Curve(eckey.Secp256k1) // what Tencent's consoles handed out at first
)

// String returns the usual name of the curve, such as "P-256".
func (c Curve) String() string { return eckey.Curve(c).String() }

// ParseCurve returns the curve with the given usual name.
func ParseCurve(name string) (Curve, error) {
	for _, c := range [...]Curve{P256, Secp256k1, P384, P521} {
		if c.String() == name {
			return c, nil
		}
	}
	return 0, fmt.Errorf("%w: %.32q is not a supported curve (P-256, secp256k1, P-384, P-521)", ErrInvalidKey, name)
}

// PrivateKey is an ECDSA signing key. It prints and marshals as its ID, never as
// its value. Keys in memory sign in constant time on every curve.
type PrivateKey struct {
	public *PublicKey
	local  *eckey.Private // nil if the value is held elsewhere
	remote crypto.Signer
}

// GenerateKey returns a new random key.
func GenerateKey(c Curve) (*PrivateKey, error) {
	k, err := eckey.Generate(eckey.Curve(c))
	if err != nil {
		return nil, invalidKey(err)
	}
	return newPrivateKey(k), nil
}

// ParsePrivateKey parses a PEM file that holds one unencrypted "PRIVATE KEY"
// (PKCS #8) or "EC PRIVATE KEY" (SEC 1) block. "EC PARAMETERS" blocks and text
// around the blocks are skipped. The error names whatever else the file holds.
func ParsePrivateKey(pem []byte) (*PrivateKey, error) {
	k, err := eckey.ParsePrivate(pem)
	if err != nil {
		return nil, invalidKey(err)
	}
	return newPrivateKey(k), nil
}

func newPrivateKey(k *eckey.Private) *PrivateKey {
	return &PrivateKey{public: newPublicKey(k.Public()), local: k}
}

// NewPrivateKey returns a PrivateKey that signs with s, which may live in a KMS or
// an HSM. The public key of s must be a *ecdsa.PublicKey on a supported curve,
// and s must return ASN.1 signatures, as [crypto.Signer] implementations do. What
// s returns is verified before it is passed on. A *ecdsa.PrivateKey is taken as a
// key in memory.
func NewPrivateKey(s crypto.Signer) (*PrivateKey, error) {
	if s == nil {
		return nil, fmt.Errorf("%w: signer is nil", ErrInvalidKey)
	}
	if k, ok := s.(*ecdsa.PrivateKey); ok {
		// On a foreign secp256k1, crypto/ecdsa signs in variable time.
		local, err := eckey.PrivateFrom(k)
		if err != nil {
			return nil, invalidKey(err)
		}
		return newPrivateKey(local), nil
	}
	public, err := NewPublicKey(s.Public())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{public: public, remote: s}, nil
}

func (k *PrivateKey) sign(digest []byte) ([]byte, error) {
	if k.local != nil {
		return k.local.Sign(digest)
	}
	sig, err := k.remote.Sign(rand.Reader, bytes.Clone(digest), crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %w", k.ID(), err)
	}
	if !k.public.verify(digest, sig) {
		return nil, fmt.Errorf("%w: key %s signs with another key than its public one, or not in ASN.1", ErrInvalidKey, k.ID())
	}
	return sig, nil
}

// usable reports whether k was made by this package.
func (k *PrivateKey) usable() bool { return k != nil && k.public.usable() }

// Public returns the public half of the key.
func (k *PrivateKey) Public() *PublicKey { return k.public }

// Curve returns the curve of the key.
func (k *PrivateKey) Curve() Curve { return k.public.Curve() }

// ID returns the ID of the key, which is that of its public half.
func (k *PrivateKey) ID() string { return k.public.id }

// EncodePEM returns the key as a PKCS #8 PEM block. It fails for keys made with
// NewPrivateKey, whose value is not here to encode.
func (k *PrivateKey) EncodePEM() ([]byte, error) {
	if k.local == nil {
		return nil, fmt.Errorf("%w: key %s is held elsewhere", ErrInvalidKey, k.ID())
	}
	return k.local.MarshalPKCS8PEM()
}

// Format implements [fmt.Formatter]. Whatever the verb, it prints the ID.
func (k *PrivateKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "key:%s", k.ID()) }

// LogValue implements [slog.LogValuer].
func (k *PrivateKey) LogValue() slog.Value { return slog.StringValue("key:" + k.ID()) }

// MarshalText returns the ID of the key.
func (k *PrivateKey) MarshalText() ([]byte, error) { return []byte("key:" + k.ID()), nil }

func (*PrivateKey) signingKey() {}

// PublicKey is an ECDSA verifying key.
type PublicKey struct {
	key *eckey.Public
	id  string
}

// ParsePublicKey parses a PEM file that holds one "PUBLIC KEY" block. Given a
// private key it fails, rather than quietly spreading secrets to verifiers.
func ParsePublicKey(pem []byte) (*PublicKey, error) {
	k, err := eckey.ParsePublic(pem)
	if err != nil {
		return nil, invalidKey(err)
	}
	return newPublicKey(k), nil
}

// NewPublicKey returns a PublicKey for a *ecdsa.PublicKey on a supported curve.
func NewPublicKey(pub crypto.PublicKey) (*PublicKey, error) {
	k, err := eckey.PublicFrom(pub)
	if err != nil {
		return nil, invalidKey(err)
	}
	return newPublicKey(k), nil
}

func newPublicKey(k *eckey.Public) *PublicKey {
	sum := sha256.Sum256(k.DER())
	return &PublicKey{key: k, id: hex.EncodeToString(sum[:8])}
}

func (k *PublicKey) verify(digest, sig []byte) bool { return k.key.Verify(digest, sig) }

// usable reports whether k was made by this package.
func (k *PublicKey) usable() bool { return k != nil && k.key != nil }

// ID returns the first 16 hexadecimal digits of the SHA-256 hash of the key's
// DER encoding.
func (k *PublicKey) ID() string { return k.id }

// Curve returns the curve of the key.
func (k *PublicKey) Curve() Curve { return Curve(k.key.Curve()) }

// EncodePEM returns the key as a PEM block.
func (k *PublicKey) EncodePEM() []byte { return k.key.MarshalPEM() }

// Equal reports whether k and x are the same key.
func (k *PublicKey) Equal(x crypto.PublicKey) bool {
	p, ok := x.(*PublicKey)
	return ok && p != nil && k.id == p.id && k.key.Equal(p.key)
}

func (*PublicKey) verifyingKey() {}

// KeyError says what a file that should hold a key holds instead. It wraps
// [ErrInvalidKey] and quotes nothing of the file.
type KeyError struct {
	Message string // what is wrong, lower case, no full stop
	Hint    string // what to do, or empty
}

// Error returns the message.
func (e *KeyError) Error() string { return e.Message }

// Unwrap returns [ErrInvalidKey].
func (e *KeyError) Unwrap() error { return ErrInvalidKey }

func invalidKey(err error) error {
	if e, ok := errors.AsType[*eckey.Error](err); ok {
		return &KeyError{Message: e.Error(), Hint: e.Hint()}
	}
	return fmt.Errorf("%w: %w", ErrInvalidKey, err)
}
