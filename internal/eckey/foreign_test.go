package eckey

import (
	"crypto"
	"crypto/dsa" //nolint:staticcheck // only to be refused
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	"usersig/internal/k256"
)

// curveParams returns the parameters of c as a copy that only its values identify.
func curveParams(t testing.TB, c Curve) *elliptic.CurveParams {
	t.Helper()
	if c != Secp256k1 {
		p := *curves[c].std.Params()
		p.N = new(big.Int).Set(p.N)
		return &p
	}
	hex := func(s string) *big.Int {
		v, ok := new(big.Int).SetString(s, 16)
		if !ok {
			t.Fatal(s)
		}
		return v
	}
	return &elliptic.CurveParams{
		P:       hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
		N:       new(big.Int).SetBytes(order(c)),
		B:       big.NewInt(7),
		Gx:      hex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
		Gy:      hex("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
		BitSize: 256,
		Name:    "a name of its own",
	}
}

// foreignKey returns our key on c as a KMS client would hand it out.
func foreignKey(t testing.TB, c Curve) *ecdsa.PrivateKey {
	t.Helper()
	value, point := parts(t, c)
	size := curves[c].size
	return &ecdsa.PrivateKey{
		D: new(big.Int).SetBytes(value),
		PublicKey: ecdsa.PublicKey{
			Curve: foreign{params: curveParams(t, c)},
			X:     new(big.Int).SetBytes(point[1:][:size]),
			Y:     new(big.Int).SetBytes(point[1+size:]),
		},
	}
}

func TestFrom(t *testing.T) {
	for c := range fileNames {
		want := mustPrivate(t, fixture(t, c, "sec1"))
		key := foreignKey(t, c)
		for name, pub := range map[string]crypto.PublicKey{
			"foreign curve": &key.PublicKey, "our own": want.pub,
		} {
			if got, err := PublicFrom(pub); err != nil || !got.Equal(want.pub) {
				t.Errorf("%v, %s: %v", c, name, err)
			}
		}
		if got, err := PrivateFrom(key); err != nil || !got.Equal(want) {
			t.Errorf("PrivateFrom, %v: %v", c, err)
		}
		if c == Secp256k1 {
			if got, err := PublicFrom(want.pub.k256); err != nil || !got.Equal(want.pub) {
				t.Errorf("k256: %v", err)
			}
			continue
		}
		if got, err := PublicFrom(want.pub.nist); err != nil || !got.Equal(want.pub) {
			t.Errorf("%v, standard library: %v", c, err)
		}
		if got, err := PrivateFrom(want.signer.(*ecdsa.PrivateKey)); err != nil || !got.Equal(want) {
			t.Errorf("PrivateFrom, %v, standard library: %v", c, err)
		}
	}
}

func TestPublicFromWrong(t *testing.T) {
	pub := func(edit func(*ecdsa.PublicKey)) *ecdsa.PublicKey {
		p := foreignKey(t, Secp256k1).PublicKey
		edit(&p)
		return &p
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		pub  crypto.PublicKey
		kind Kind
	}{
		"nil":           {nil, KindNil},
		"nil ecdsa":     {(*ecdsa.PublicKey)(nil), KindNil},
		"nil k256":      {(*k256.PublicKey)(nil), KindNil},
		"nil own":       {(*Public)(nil), KindNil},
		"RSA":           {&rsa.PublicKey{}, KindRSA},
		"DSA":           {&dsa.PublicKey{}, KindDSA},
		"Ed25519":       {ed25519.PublicKey{}, KindEdwards},
		"private":       {foreignKey(t, P256), KindPrivate},
		"own private":   {mustPrivate(t, fixture(t, P256, "sec1")), KindPrivate},
		"a string":      {"key", KindAlgorithm},
		"P-224":         {&p224.PublicKey, KindCurve},
		"no curve":      {pub(func(p *ecdsa.PublicKey) { p.Curve = nil }), KindCurve},
		"no parameters": {pub(func(p *ecdsa.PublicKey) { p.Curve = foreign{} }), KindCurve},
		"no x":          {pub(func(p *ecdsa.PublicKey) { p.X = nil }), KindPoint},
		"negative y":    {pub(func(p *ecdsa.PublicKey) { p.Y.Neg(p.Y) }), KindPoint},
		"off curve":     {pub(func(p *ecdsa.PublicKey) { p.Y.Add(p.Y, big.NewInt(1)) }), KindPoint},
		"x too big":     {pub(func(p *ecdsa.PublicKey) { p.X.Lsh(p.X, 256) }), KindPoint},
		"twisted": {pub(func(p *ecdsa.PublicKey) {
			params := curveParams(t, Secp256k1)
			params.B = big.NewInt(2)
			p.Curve = foreign{params: params}
		}), KindCurve},
	} {
		key, err := PublicFrom(test.pub)
		if err == nil || key != nil {
			t.Errorf("%s: accepted", name)
		} else if got := errorKind(t, err); got != test.kind {
			t.Errorf("%s: %v, want %v", name, got, test.kind)
		} else if !strings.HasPrefix(err.Error(), test.kind.Text()) {
			t.Errorf("%s: %q, but nothing was parsed", name, err)
		}
	}
}

func TestPrivateFromWrong(t *testing.T) {
	for c := range fileNames {
		edited := func(edit func(*ecdsa.PrivateKey)) *ecdsa.PrivateKey {
			k := foreignKey(t, c)
			edit(k)
			return k
		}
		for name, test := range map[string]struct {
			key  *ecdsa.PrivateKey
			kind Kind
		}{
			"nil":           {nil, KindNil},
			"no curve":      {edited(func(k *ecdsa.PrivateKey) { k.Curve = nil }), KindCurve},
			"no value":      {edited(func(k *ecdsa.PrivateKey) { k.D = nil }), KindRange},
			"negative":      {edited(func(k *ecdsa.PrivateKey) { k.D.Neg(k.D) }), KindRange},
			"value n":       {edited(func(k *ecdsa.PrivateKey) { k.D.SetBytes(order(c)) }), KindRange},
			"too long":      {edited(func(k *ecdsa.PrivateKey) { k.D.Lsh(k.D, 600) }), KindRange},
			"other's value": {edited(func(k *ecdsa.PrivateKey) { k.D.SetInt64(5) }), KindMismatch},
			"no point":      {edited(func(k *ecdsa.PrivateKey) { k.X = nil }), KindMismatch},
		} {
			key, err := PrivateFrom(test.key)
			if err == nil || key != nil {
				t.Errorf("%v, %s: accepted", c, name)
			} else if got := errorKind(t, err); got != test.kind {
				t.Errorf("%v, %s: %v, want %v", c, name, got, test.kind)
			} else if !strings.HasPrefix(err.Error(), test.kind.Text()) {
				t.Errorf("%v, %s: %q, but nothing was parsed", c, name, err)
			}
		}
	}
}
