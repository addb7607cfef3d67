package eckey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/subtle"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"usersig/internal/k256"
)

// Private is a private key on one of the four curves.
type Private struct {
	pub    *Public
	signer crypto.Signer // *ecdsa.PrivateKey or *k256.PrivateKey
}

var (
	errCurve  = errors.New("generate key: unknown curve")
	errDigest = errors.New("sign: digest is shorter than 32 bytes")
)

// Generate returns a new random key on c.
func Generate(c Curve) (*Private, error) {
	if !c.valid() {
		return nil, errCurve
	}
	signer, err := generate(c)
	if err != nil {
		return nil, fmt.Errorf("generate key on %v: %w", c, err)
	}
	key, refusal := wrap(signer)
	if refusal != nil {
		return nil, refusal
	}
	return key, nil
}

func generate(c Curve) (crypto.Signer, error) {
	if c == Secp256k1 {
		return k256.Generate()
	}
	return ecdsa.GenerateKey(curves[c].std, rand.Reader)
}

func wrap(signer crypto.Signer) (*Private, *Error) {
	pub, err := publicFrom(signer.Public())
	if err != nil {
		return nil, err
	}
	return &Private{pub: pub, signer: signer}, nil
}

// ParsePrivate returns the private key in the PEM text data, which must hold
// exactly one unencrypted "PRIVATE KEY" (PKCS #8) or "EC PRIVATE KEY" (SEC 1)
// block. "EC PARAMETERS" blocks are skipped: the curve is that named in the key
// itself. Other text may stand around the block. The error is an [*Error].
func ParsePrivate(data []byte) (*Private, error) {
	key, err := parsePrivate(data)
	if err != nil {
		err.Want = KindPrivate
		return nil, err
	}
	return key, nil
}

func parsePrivate(data []byte) (*Private, *Error) {
	block, err := onlyBlock(data)
	if err != nil {
		return nil, err
	}
	switch block.Type {
	case labelPKCS8:
		return parsePKCS8(block.Bytes)
	case labelSEC1:
		return parseSEC1(block.Bytes, 0, nil)
	default:
		return nil, refuse(kindOfLabel(block.Type))
	}
}

// PrivateFrom returns key as a Private. It exists so that a key on somebody
// else's secp256k1 is signed with in constant time: crypto/ecdsa would use its
// deprecated code for such a curve, which is not. The error is an [*Error].
func PrivateFrom(key *ecdsa.PrivateKey) (*Private, error) {
	own, err := privateFrom(key)
	if err != nil {
		return nil, err // Want stays 0, because nothing was parsed
	}
	return own, nil
}

func privateFrom(key *ecdsa.PrivateKey) (*Private, *Error) {
	if key == nil {
		return nil, refuse(KindNil)
	}
	c := curveLike(key.Curve)
	if c == 0 {
		return nil, refuse(KindCurve)
	}
	// D is deprecated in favour of a method that knows the NIST curves only.
	d := key.D //nolint:staticcheck // see above
	if d == nil || d.Sign() <= 0 || d.BitLen() > 8*curves[c].size {
		return nil, refuse(KindRange)
	}
	own, err := newPrivate(c, d.FillBytes(make([]byte, curves[c].size)))
	if err != nil {
		return nil, err
	}
	if pub, err := publicFrom(&key.PublicKey); err != nil || !pub.Equal(own.pub) {
		return nil, refuse(KindMismatch)
	}
	return own, nil
}

// newPrivate returns the key on c with the given value of the curve's size.
func newPrivate(c Curve, value []byte) (*Private, *Error) {
	signer, err := load(c, value)
	if err != nil {
		return nil, refuse(KindRange) // err is dropped: it comes from code that read a secret
	}
	return wrap(signer)
}

func load(c Curve, value []byte) (crypto.Signer, error) {
	if c == Secp256k1 {
		return k256.New(value)
	}
	return ecdsa.ParseRawPrivateKey(curves[c].std, value)
}

// Public returns the public half of the key.
func (k *Private) Public() *Public { return k.pub }

// Curve returns the curve of the key.
func (k *Private) Curve() Curve { return k.pub.curve }

// Sign returns a DER signature of digest, in constant time whatever the curve.
// The digest must have 32 bytes or more; of a long one ECDSA uses the first bytes.
func (k *Private) Sign(digest []byte) ([]byte, error) {
	if len(digest) < minDigest {
		return nil, errDigest
	}
	return k.signer.Sign(rand.Reader, digest, crypto.SHA256)
}

// MarshalPKCS8PEM returns the key as a "PRIVATE KEY" block, byte for byte as the
// openssl command and crypto/x509 write it.
func (k *Private) MarshalPKCS8PEM() ([]byte, error) {
	value, err := k.value()
	if err != nil {
		return nil, fmt.Errorf("encode key on %v: %w", k.Curve(), err)
	}
	der := marshalPKCS8(k.Curve(), value, k.pub.point())
	return pem.EncodeToMemory(&pem.Block{Type: labelPKCS8, Bytes: der}), nil
}

// Equal reports whether x is the same private key, in constant time.
func (k *Private) Equal(x *Private) bool {
	if x == nil || k.Curve() != x.Curve() {
		return false
	}
	a, errA := k.value()
	b, errB := x.value()
	return errA == nil && errB == nil && subtle.ConstantTimeCompare(a, b) == 1
}

func (k *Private) value() ([]byte, error) {
	if key, ok := k.signer.(*ecdsa.PrivateKey); ok {
		return key.Bytes()
	}
	return k.signer.(*k256.PrivateKey).Bytes(), nil
}

// Format implements [fmt.Formatter]. Whatever the verb, it prints the curve only.
func (k *Private) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, k.Curve().String()+" private key")
}
