// Package eckey owns ECDSA keys on the four curves of UserSig: how they are read
// from PEM, written to PEM, and used. The standard library's parsers refuse
// secp256k1, so one DER path serves all four curves alike.
//
// Whatever is not a usable key is recognised and named in an [*Error], and never
// quoted: the commonest mistake is a secret in the wrong place.
//
// The package does no I/O and no arithmetic: crypto/ecdsa signs on the NIST
// curves, package k256 on secp256k1, both in constant time.
package eckey

import (
	"crypto/elliptic"
	"encoding/asn1"

	"usersig/internal/k256"
)

// Curve is an elliptic curve.
type Curve uint8

// The supported curves.
const (
	P256 Curve = 1 + iota
	P384
	P521
	Secp256k1
)

// curves holds what differs between the curves. std is nil for secp256k1.
var curves = [...]struct {
	name string
	oid  asn1.ObjectIdentifier
	size int // of a coordinate and of a private value, in bytes
	std  elliptic.Curve
}{
	P256:      {"P-256", asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, 32, elliptic.P256()},
	P384:      {"P-384", asn1.ObjectIdentifier{1, 3, 132, 0, 34}, 48, elliptic.P384()},
	P521:      {"P-521", asn1.ObjectIdentifier{1, 3, 132, 0, 35}, 66, elliptic.P521()},
	Secp256k1: {"secp256k1", asn1.ObjectIdentifier{1, 3, 132, 0, 10}, k256.PrivateSize, nil},
}

// String returns the usual name of the curve, such as "P-256".
func (c Curve) String() string {
	if !c.valid() {
		return "unknown curve"
	}
	return curves[c].name
}

func (c Curve) valid() bool { return c >= P256 && c <= Secp256k1 }

// curveLike returns the curve that has the parameters of c, or 0. Identity and
// name are not enough: KMS clients bring curves of their own.
func curveLike(c elliptic.Curve) Curve {
	if c == nil {
		return 0
	}
	if k256.IsCurve(c) {
		return Secp256k1
	}
	for own := P256; own < Secp256k1; own++ {
		if sameParams(c.Params(), curves[own].std.Params()) {
			return own
		}
	}
	return 0
}

func sameParams(a, b *elliptic.CurveParams) bool {
	if a == b {
		return true
	}
	return a != nil && a.P != nil && a.N != nil && a.B != nil && a.Gx != nil && a.Gy != nil &&
		a.P.Cmp(b.P) == 0 && a.N.Cmp(b.N) == 0 && a.B.Cmp(b.B) == 0 &&
		a.Gx.Cmp(b.Gx) == 0 && a.Gy.Cmp(b.Gy) == 0
}

// minDigest is the shortest digest that is signed or verified: SHA-256's. An
// empty digest is a bug of the caller, and must not become a signature.
const minDigest = 32

// maxInput caps what is looked at. Real key files have less than 2 KiB.
const maxInput = 64 << 10
