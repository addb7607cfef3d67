package k256

import (
	"crypto/elliptic"
	"math/big"
)

// The domain parameters of secp256k1 (SEC 2, version 2.0, section 2.4.1), in
// hexadecimal.
const (
	hexP  = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
	hexN  = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
	hexB  = "7"
	hexGx = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	hexGy = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
)

// IsCurve reports whether c is secp256k1, whoever wrote it. KMS clients return an
// [*crypto/ecdsa.PublicKey] on a curve of their own, so its identity or name
// tells nothing. The parameters do: p, b and a base point with x other than 0
// leave only one possible a.
func IsCurve(c elliptic.Curve) bool {
	if c == nil {
		return false
	}
	p := c.Params()
	return p != nil && is(p.P, hexP) && is(p.N, hexN) && is(p.B, hexB) &&
		is(p.Gx, hexGx) && is(p.Gy, hexGy)
}

func is(v *big.Int, hex string) bool {
	return v != nil && v.Text(16) == hex
}
