package eckey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/pem"
	"fmt"
	"math/big"

	"usersig/internal/k256"
)

// Public is a public key on one of the four curves.
type Public struct {
	curve Curve
	nist  *ecdsa.PublicKey // nil on secp256k1
	k256  *k256.PublicKey  // nil elsewhere
	der   []byte           // SubjectPublicKeyInfo, uncompressed point
}

// ParsePublic returns the public key in the PEM text data, which must hold
// exactly one "PUBLIC KEY" block. Other text may stand around it. A private key is
// refused, so that secrets do not spread to verifiers. The error is an [*Error].
func ParsePublic(data []byte) (*Public, error) {
	key, err := parsePublic(data)
	if err != nil {
		err.Want = KindPublic
		return nil, err
	}
	return key, nil
}

func parsePublic(data []byte) (*Public, *Error) {
	block, err := onlyBlock(data)
	if err != nil {
		return nil, err
	}
	if block.Type != labelSPKI {
		return nil, refuse(kindOfLabel(block.Type))
	}
	return parseSPKI(block.Bytes)
}

// PublicFrom returns the Public of another library's key: an
// [*crypto/ecdsa.PublicKey] on one of the four curves, whoever implements the
// curve, or a [*k256.PublicKey]. The error is an [*Error].
func PublicFrom(pub crypto.PublicKey) (*Public, error) {
	own, err := publicFrom(pub)
	if err != nil {
		return nil, err // Want stays 0, because nothing was parsed
	}
	return own, nil
}

func publicFrom(pub crypto.PublicKey) (*Public, *Error) {
	switch pub := pub.(type) {
	case *Public:
		if pub != nil {
			return pub, nil
		}
	case *k256.PublicKey:
		if pub != nil {
			return newPublic(Secp256k1, pub.Bytes())
		}
	case *ecdsa.PublicKey:
		if pub != nil {
			// The fields are deprecated in favour of functions that know the NIST
			// curves only.
			return fromCoords(pub.Curve, pub.X, pub.Y) //nolint:staticcheck // see above
		}
	default:
		return nil, refuse(kindOfType(pub))
	}
	return nil, refuse(KindNil)
}

// kindOfType names a Go type that is not a usable public key. It goes by the
// type's name, so that nobody links RSA to be told that it does not serve.
func kindOfType(key any) Kind {
	switch fmt.Sprintf("%T", key) {
	case "<nil>":
		return KindNil
	case "*rsa.PublicKey":
		return KindRSA
	case "*dsa.PublicKey":
		return KindDSA
	case "ed25519.PublicKey":
		return KindEdwards
	case "*eckey.Private", "*k256.PrivateKey", "*ecdsa.PrivateKey", "*rsa.PrivateKey", "ed25519.PrivateKey":
		return KindPrivate
	}
	return KindAlgorithm
}

func fromCoords(c elliptic.Curve, x, y *big.Int) (*Public, *Error) {
	own := curveLike(c)
	if own == 0 {
		return nil, refuse(KindCurve)
	}
	size := curves[own].size
	point := make([]byte, 1+2*size)
	point[0] = 4 // uncompressed
	for i, v := range []*big.Int{x, y} {
		if v == nil || v.Sign() < 0 || v.BitLen() > 8*size {
			return nil, refuse(KindPoint)
		}
		v.FillBytes(point[1+i*size:][:size])
	}
	return newPublic(own, point)
}

// newPublic returns the key on c at the point in SEC 1 encoding, compressed or
// not. A point that is not on the curve is refused here, once, for every way in:
// off the curve, in a small group of the attacker's choice, signatures can be
// forged.
func newPublic(c Curve, point []byte) (*Public, *Error) {
	key := &Public{curve: c}
	var err error
	if c == Secp256k1 {
		if key.k256, err = k256.NewPublic(point); err == nil {
			point = key.k256.Bytes()
		}
	} else {
		point = decompress(c, point)
		key.nist, err = ecdsa.ParseUncompressedPublicKey(curves[c].std, point)
	}
	if err != nil {
		return nil, refuse(KindPoint)
	}
	key.der = marshalSPKI(c, point)
	return key, nil
}

// decompress returns point uncompressed if it is compressed and on the curve, and
// unchanged otherwise.
func decompress(c Curve, point []byte) []byte {
	size := curves[c].size
	if len(point) != 1+size {
		return point
	}
	x, y := elliptic.UnmarshalCompressed(curves[c].std, point)
	if x == nil {
		return point
	}
	full := make([]byte, 1+2*size)
	full[0] = 4 // uncompressed
	x.FillBytes(full[1:][:size])
	y.FillBytes(full[1+size:])
	return full
}

// Curve returns the curve of the key.
func (k *Public) Curve() Curve { return k.curve }

// DER returns the key as a SubjectPublicKeyInfo. Equal keys have equal encodings.
func (k *Public) DER() []byte { return bytes.Clone(k.der) }

// MarshalPEM returns the key as a "PUBLIC KEY" block.
func (k *Public) MarshalPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: labelSPKI, Bytes: k.der})
}

// point returns the uncompressed SEC 1 encoding of the key, which ends k.der.
func (k *Public) point() []byte {
	return k.der[len(k.der)-1-2*curves[k.curve].size:]
}

// Equal reports whether x is the same public key.
func (k *Public) Equal(x *Public) bool {
	return x != nil && bytes.Equal(k.der, x.der)
}

// Verify reports whether sig is a signature of digest, of which it uses what Sign
// uses. The encoding must be strict DER on every curve, so that one signature is
// written in one way; both s and its twin n-s are good, because the field's
// signers emit either.
func (k *Public) Verify(digest, sig []byte) bool {
	switch {
	case len(digest) < minDigest:
		return false
	case k.curve == Secp256k1:
		return k.k256.Verify(digest, sig)
	default:
		return ecdsa.VerifyASN1(k.nist, digest, sig)
	}
}
