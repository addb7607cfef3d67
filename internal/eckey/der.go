package eckey

import (
	"bytes"
	"encoding/asn1"
)

// algorithm is an AlgorithmIdentifier (RFC 5280). For an ECDSA key the
// parameters are the object identifier of the curve.
type algorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

// spki is a SubjectPublicKeyInfo (RFC 5280), the content of "PUBLIC KEY".
type spki struct {
	Algorithm algorithm
	Key       asn1.BitString
}

// pkcs8 is a OneAsymmetricKey (RFC 5958), the content of "PRIVATE KEY".
type pkcs8 struct {
	Version    int
	Algorithm  algorithm
	PrivateKey []byte         // a sec1
	Attributes asn1.RawValue  `asn1:"optional,tag:0"` // never used
	PublicKey  asn1.BitString `asn1:"optional,tag:1"`
}

// sec1 is an ECPrivateKey (RFC 5915), the content of "EC PRIVATE KEY".
type sec1 struct {
	Version    int
	PrivateKey []byte
	Parameters asn1.RawValue  `asn1:"optional,explicit,tag:0"`
	PublicKey  asn1.BitString `asn1:"optional,explicit,tag:1"`
}

// decode sets *v from der and reports whether der is exactly the encoding of *v.
// encoding/asn1 alone would pass over elements at the end of a SEQUENCE, where
// something may hide that another parser sees.
func decode[T any](der []byte, v *T) bool {
	rest, err := asn1.Unmarshal(der, v)
	if err != nil || len(rest) != 0 {
		return false
	}
	again, err := asn1.Marshal(*v)
	return err == nil && bytes.Equal(again, der)
}

// encode cannot fail on the types above, whose fields the package itself fills.
func encode(v any) []byte {
	der, err := asn1.Marshal(v)
	if err != nil {
		panic("eckey: encode: " + err.Error())
	}
	return der
}

func parsePKCS8(der []byte) (*Private, *Error) {
	var p pkcs8
	if !decode(der, &p) || p.Version < 0 || p.Version > 1 {
		return nil, refuse(KindDamaged)
	}
	c, err := curveOf(p.Algorithm)
	if err != nil {
		return nil, err
	}
	return parseSEC1(p.PrivateKey, c, &p.PublicKey)
}

// parseSEC1 parses an ECPrivateKey. The curve and the public point may be stated
// inside, outside, or both; whatever is stated must agree. A file put together
// from two keys would else sign with one and show the other.
func parseSEC1(der []byte, outer Curve, outerPoint *asn1.BitString) (*Private, *Error) {
	var s sec1
	if !decode(der, &s) || s.Version != 1 {
		return nil, refuse(KindDamaged)
	}
	c, err := agreedCurve(outer, s.Parameters)
	if err != nil {
		return nil, err
	}
	value, ok := fit(s.PrivateKey, curves[c].size)
	if !ok {
		return nil, refuse(KindRange)
	}
	key, err := newPrivate(c, value)
	if err != nil {
		return nil, err
	}
	for _, stated := range []*asn1.BitString{&s.PublicKey, outerPoint} {
		if stated == nil || stated.BitLength == 0 {
			continue
		}
		pub, err := parsePoint(c, *stated)
		if err != nil {
			return nil, err
		}
		if !pub.Equal(key.pub) {
			return nil, refuse(KindMismatch)
		}
	}
	return key, nil
}

// agreedCurve returns the curve that an ECPrivateKey is on: the one of the PKCS #8
// structure around it, or 0, and the one it names itself, if it does.
func agreedCurve(outer Curve, parameters asn1.RawValue) (Curve, *Error) {
	if len(parameters.FullBytes) == 0 {
		if outer == 0 {
			return 0, refuse(KindNoCurve)
		}
		return outer, nil
	}
	var inner asn1.RawValue
	if !decode(parameters.Bytes, &inner) {
		return 0, refuse(KindDamaged)
	}
	c, err := namedCurve(inner)
	if err != nil {
		return 0, err
	}
	if outer != 0 && outer != c {
		return 0, refuse(KindMismatch)
	}
	return c, nil
}

// fit returns value in size bytes. Old OpenSSL left out leading zeros and some
// tools add one; both are meant to be the number, and crypto/x509 takes both.
func fit(value []byte, size int) ([]byte, bool) {
	for len(value) > size {
		if value[0] != 0 {
			return nil, false
		}
		value = value[1:]
	}
	fitted := make([]byte, size)
	copy(fitted[size-len(value):], value)
	return fitted, true
}

func parseSPKI(der []byte) (*Public, *Error) {
	var s spki
	if !decode(der, &s) {
		return nil, refuse(KindDamaged)
	}
	c, err := curveOf(s.Algorithm)
	if err != nil {
		return nil, err
	}
	return parsePoint(c, s.Key)
}

func parsePoint(c Curve, bits asn1.BitString) (*Public, *Error) {
	if bits.BitLength%8 != 0 {
		return nil, refuse(KindPoint)
	}
	return newPublic(c, bits.Bytes)
}

func marshalPKCS8(c Curve, value, point []byte) []byte {
	inner := encode(sec1{
		Version:    1,
		PrivateKey: value,
		PublicKey:  asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
	return encode(pkcs8{Algorithm: algorithmOf(c), PrivateKey: inner})
}

func marshalSPKI(c Curve, point []byte) []byte {
	return encode(spki{
		Algorithm: algorithmOf(c),
		Key:       asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
}
