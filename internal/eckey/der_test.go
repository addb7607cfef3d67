package eckey

import (
	"encoding/asn1"
	"encoding/pem"
	"testing"
)

func armour(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

func bitString(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }

// explicit wraps v as the parameters of a sec1.
func explicit(v any) asn1.RawValue {
	inner := encode(v)
	return asn1.RawValue{FullBytes: append([]byte{0xa0, byte(len(inner))}, inner...)}
}

// parts returns what a key of ours is made of.
func parts(t testing.TB, c Curve) (value, point []byte) {
	t.Helper()
	key := mustPrivate(t, fixture(t, c, "pkcs8"))
	value, err := key.value()
	if err != nil {
		t.Fatal(err)
	}
	return value, key.pub.point()
}

func order(c Curve) []byte {
	if c == Secp256k1 {
		// n of SEC 2, section 2.4.1.
		return []byte{
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
			0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
		}
	}
	return curves[c].std.Params().N.FillBytes(make([]byte, curves[c].size))
}

// TestCraftedPrivate gives every curve keys that no honest tool writes.
func TestCraftedPrivate(t *testing.T) {
	for c := range fileNames {
		value, point := parts(t, c)
		otherCurve := P256 + c%Secp256k1
		_, strange := parts(t, otherCurve) // a point of another curve
		other, err := Generate(c)
		if err != nil {
			t.Fatal(err)
		}
		good := func() sec1 {
			return sec1{Version: 1, PrivateKey: value, Parameters: explicit(curves[c].oid), PublicKey: bitString(point)}
		}
		edit := func(f func(*sec1)) []byte {
			s := good()
			f(&s)
			return armour(labelSEC1, encode(s))
		}
		outer := func(f func(*pkcs8, *sec1)) []byte {
			s, p := good(), pkcs8{Algorithm: algorithmOf(c)}
			f(&p, &s)
			if p.PrivateKey == nil {
				p.PrivateKey = encode(s)
			}
			return armour(labelPKCS8, encode(p))
		}
		offCurve := append([]byte{}, point...)
		offCurve[len(offCurve)-1] ^= 1
		goodDER := encode(good())

		for name, test := range map[string]struct {
			data []byte
			kind Kind // 0: accepted
		}{
			"as it should be":      {edit(func(*sec1) {}), 0},
			"no point":             {edit(func(s *sec1) { s.PublicKey = asn1.BitString{} }), 0},
			"leading zero added":   {edit(func(s *sec1) { s.PrivateKey = append([]byte{0}, value...) }), 0},
			"curve inside as well": {outer(func(*pkcs8, *sec1) {}), 0},
			"version 2 of PKCS 8": {outer(func(p *pkcs8, _ *sec1) {
				p.Version, p.PublicKey = 1, bitString(point)
			}), 0},
			"attributes": {outer(func(p *pkcs8, _ *sec1) {
				p.Attributes = asn1.RawValue{FullBytes: []byte{0xa0, 0}}
			}), 0},

			"other's point":     {edit(func(s *sec1) { s.PublicKey = bitString(other.pub.point()) }), KindMismatch},
			"point off curve":   {edit(func(s *sec1) { s.PublicKey = bitString(offCurve) }), KindPoint},
			"strange point":     {edit(func(s *sec1) { s.PublicKey = bitString(strange) }), KindPoint},
			"point at infinity": {edit(func(s *sec1) { s.PublicKey = bitString([]byte{0}) }), KindPoint},
			"point in odd bits": {edit(func(s *sec1) {
				s.PublicKey = asn1.BitString{Bytes: append(point[:len(point):len(point)], 0x80), BitLength: 8*len(point) + 1}
			}), KindPoint},
			"no curve":         {edit(func(s *sec1) { s.Parameters = asn1.RawValue{} }), KindNoCurve},
			"curve NULL":       {edit(func(s *sec1) { s.Parameters = explicit(asn1.NullRawValue) }), KindNoCurve},
			"curve an integer": {edit(func(s *sec1) { s.Parameters = explicit(1) }), KindDamaged},
			"curve empty":      {edit(func(s *sec1) { s.Parameters = asn1.RawValue{FullBytes: []byte{0xa0, 0}} }), KindDamaged},
			"two curves":       {edit(func(s *sec1) { s.Parameters = twice(explicit(curves[c].oid)) }), KindDamaged},
			"unheard-of curve": {edit(func(s *sec1) { s.Parameters = explicit(asn1.ObjectIdentifier{1, 2, 3}) }), KindCurve},
			"version 0":        {edit(func(s *sec1) { s.Version = 0 }), KindDamaged},
			"value zero":       {edit(func(s *sec1) { s.PrivateKey = make([]byte, len(value)) }), KindRange},
			"value empty":      {edit(func(s *sec1) { s.PrivateKey = nil }), KindRange},
			"value n":          {edit(func(s *sec1) { s.PrivateKey = order(c) }), KindRange},
			"value too long":   {edit(func(s *sec1) { s.PrivateKey = append([]byte{1}, value...) }), KindRange},
			"bytes behind":     {armour(labelSEC1, append(goodDER[:len(goodDER):len(goodDER)], 0)), KindDamaged},
			"element at end":   {armour(labelSEC1, appended(goodDER)), KindDamaged},
			"curves disagree": {outer(func(p *pkcs8, _ *sec1) {
				p.Algorithm = algorithmOf(otherCurve)
			}), KindMismatch},
			"outer point of another": {outer(func(p *pkcs8, _ *sec1) {
				p.Version, p.PublicKey = 1, bitString(other.pub.point())
			}), KindMismatch},
			"PKCS 8 version 2":  {outer(func(p *pkcs8, _ *sec1) { p.Version = 2 }), KindDamaged},
			"PKCS 8 version -1": {outer(func(p *pkcs8, _ *sec1) { p.Version = -1 }), KindDamaged},
			"no outer curve": {outer(func(p *pkcs8, _ *sec1) {
				p.Algorithm.Parameters = asn1.RawValue{}
			}), KindNoCurve},
			"unheard-of algorithm": {outer(func(p *pkcs8, _ *sec1) {
				p.Algorithm.OID = asn1.ObjectIdentifier{1, 2, 3}
			}), KindAlgorithm},
			"no key inside": {outer(func(p *pkcs8, _ *sec1) { p.PrivateKey = []byte{5, 0} }), KindDamaged},
		} {
			key, err := ParsePrivate(test.data)
			switch {
			case test.kind == 0 && err != nil:
				t.Errorf("%v, %s: %v", c, name, err)
			case test.kind == 0 && !key.Equal(mustPrivate(t, fixture(t, c, "sec1"))):
				t.Errorf("%v, %s: another key", c, name)
			case test.kind != 0 && (err == nil || key != nil):
				t.Errorf("%v, %s: accepted", c, name)
			case test.kind != 0 && errorKind(t, err) != test.kind:
				t.Errorf("%v, %s: %v, want %v", c, name, errorKind(t, err), test.kind)
			}
		}
	}
}

// twice returns the parameters with their content repeated.
func twice(p asn1.RawValue) asn1.RawValue {
	inner := append(p.FullBytes[2:], p.FullBytes[2:]...)
	return asn1.RawValue{FullBytes: append([]byte{0xa0, byte(len(inner))}, inner...)}
}

// appended returns der, a SEQUENCE, with a NULL as its last element.
func appended(der []byte) []byte {
	var seq asn1.RawValue
	if _, err := asn1.Unmarshal(der, &seq); err != nil {
		panic(err)
	}
	seq.Bytes = append(seq.Bytes[:len(seq.Bytes):len(seq.Bytes)], 5, 0)
	return encode(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: seq.Bytes})
}

// Old OpenSSL left leading zeros of the value out.
func TestShortValue(t *testing.T) {
	for c := range fileNames {
		one := make([]byte, curves[c].size)
		one[len(one)-1] = 1
		want, refusal := newPrivate(c, one)
		if refusal != nil {
			t.Fatal(refusal)
		}
		der := encode(sec1{Version: 1, PrivateKey: []byte{1}, Parameters: explicit(curves[c].oid)})
		key, err := ParsePrivate(armour(labelSEC1, der))
		if err != nil || !key.Equal(want) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestCraftedPublic(t *testing.T) {
	for c := range fileNames {
		_, point := parts(t, c)
		good := marshalSPKI(c, point)
		hybrid := append([]byte{6 + point[len(point)-1]&1}, point[1:]...)
		offCurve := append([]byte{}, point...)
		offCurve[len(offCurve)-1] ^= 1
		evenBits := append([]byte{}, point...)
		evenBits[len(evenBits)-1] &^= 1 // the bit that is left out must be 0 in DER
		huge := append([]byte{4}, make([]byte, len(point)-1)...)
		for i := range huge[1:] {
			huge[1+i] = 0xff
		}
		noSuchX := append([]byte{2}, make([]byte, curves[c].size)...)
		for i := range 256 { // half of all x have no point
			noSuchX[len(noSuchX)-1] = byte(i)
			if _, err := newPublic(c, noSuchX); err != nil {
				break
			}
		}
		for name, test := range map[string]struct {
			der  []byte
			kind Kind
		}{
			"bytes behind":         {append(good[:len(good):len(good)], 0), KindDamaged},
			"element at end":       {appended(good), KindDamaged},
			"off curve":            {marshalSPKI(c, offCurve), KindPoint},
			"coordinates too big":  {marshalSPKI(c, huge), KindPoint},
			"compressed, no point": {marshalSPKI(c, noSuchX), KindPoint},
			"hybrid":               {marshalSPKI(c, hybrid), KindPoint},
			"infinity":             {marshalSPKI(c, []byte{0}), KindPoint},
			"empty":                {marshalSPKI(c, nil), KindPoint},
			"cut":                  {marshalSPKI(c, point[:len(point)-1]), KindPoint},
			"odd bits":             {encode(spki{algorithmOf(c), asn1.BitString{Bytes: evenBits, BitLength: 8*len(point) - 1}}), KindPoint},
			"other algorithm": {encode(spki{
				algorithm{OID: asn1.ObjectIdentifier{1, 3, 132, 1, 12}}, bitString(point)}), KindAlgorithm},
		} {
			key, err := ParsePublic(armour(labelSPKI, test.der))
			if err == nil || key != nil {
				t.Errorf("%v, %s: accepted", c, name)
			} else if got := errorKind(t, err); got != test.kind {
				t.Errorf("%v, %s: %v, want %v", c, name, got, test.kind)
			}
		}
	}
}
