package k256

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"gitlab.com/yawning/secp256k1-voi/secec"
)

var _ crypto.Signer = (*PrivateKey)(nil)

func mustKey(t testing.TB) *PrivateKey {
	t.Helper()
	key, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func unhex(t testing.TB, s string) *big.Int {
	t.Helper()
	v, ok := new(big.Int).SetString(s, 16)
	if !ok {
		t.Fatalf("bad hexadecimal %q", s)
	}
	return v
}

// foreign is secp256k1 as another library would present it.
type foreign struct {
	elliptic.Curve
	params *elliptic.CurveParams
}

func (f foreign) Params() *elliptic.CurveParams { return f.params }

func params(t testing.TB) *elliptic.CurveParams {
	return &elliptic.CurveParams{
		P: unhex(t, hexP), N: unhex(t, hexN), B: unhex(t, hexB),
		Gx: unhex(t, hexGx), Gy: unhex(t, hexGy), BitSize: 256, Name: "some other name",
	}
}

func TestSignVerify(t *testing.T) {
	key := mustKey(t)
	pub := key.Public().(*PublicKey)
	digest := sha256.Sum256([]byte("hello"))
	sig, err := key.Sign(nil, digest[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	if !pub.Verify(digest[:], sig) {
		t.Fatal("Verify refuses what Sign made")
	}
	for i := range digest {
		bad := digest
		bad[i] ^= 1
		if pub.Verify(bad[:], sig) {
			t.Errorf("Verify accepts a digest with byte %d flipped", i)
		}
	}
	if mustKey(t).pub.Verify(digest[:], sig) {
		t.Error("Verify accepts a signature of another key")
	}
}

// A zero hash function says that the digest is not to be checked; it is a legal
// option on which the library underneath panics.
func TestSignWithZeroHash(t *testing.T) {
	digest := make([]byte, 32)
	key := mustKey(t)
	sig, err := key.Sign(nil, digest, crypto.Hash(0))
	if err != nil || !key.pub.Verify(digest, sig) {
		t.Fatalf("Sign with hash 0: signature %x, error %v", sig, err)
	}
}

// A reader that repeats itself must not repeat the nonce, for two signatures with
// one nonce give the key away.
func TestSignIgnoresReader(t *testing.T) {
	key := mustKey(t)
	digest := make([]byte, 32)
	zeros := func() *bytes.Reader { return bytes.NewReader(make([]byte, 1<<10)) }
	a, errA := key.Sign(zeros(), digest, nil)
	b, errB := key.Sign(zeros(), digest, nil)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if bytes.Equal(a, b) {
		t.Error("two signatures of one digest are the same")
	}
}

func TestShortDigest(t *testing.T) {
	key := mustKey(t)
	for _, n := range []int{0, 1, 31} {
		if sig, err := key.Sign(nil, make([]byte, n), nil); err == nil || sig != nil {
			t.Errorf("Sign of %d bytes = %x, %v; want an error", n, sig, err)
		}
	}
	sig, err := key.Sign(nil, make([]byte, 32), nil)
	if err != nil {
		t.Fatal(err)
	}
	if key.pub.Verify(nil, sig) || key.pub.Verify(make([]byte, 31), sig) {
		t.Error("Verify accepts a short digest")
	}
}

func TestTwin(t *testing.T) {
	key := mustKey(t)
	digest := sha256.Sum256([]byte("twin"))
	r, s, _, err := key.key.SignRaw(nil, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if s.IsGreaterThanHalfN() != 0 {
		t.Error("Sign made a high s")
	}
	s.Negate(s)
	if !key.pub.Verify(digest[:], secec.BuildASN1Signature(r, s)) {
		t.Error("Verify refuses the twin n-s")
	}
}

func TestNew(t *testing.T) {
	n := unhex(t, hexN)
	last := new(big.Int).Sub(n, big.NewInt(1)).Bytes()
	one := append(make([]byte, 31), 1)
	for name, value := range map[string][]byte{"one": one, "n-1": last} {
		key, err := New(value)
		if err != nil {
			t.Errorf("New(%s): %v", name, err)
		} else if !bytes.Equal(key.Bytes(), value) {
			t.Errorf("New(%s).Bytes() differs", name)
		}
	}
	for name, value := range map[string][]byte{
		"zero": make([]byte, 32), "n": n.Bytes(), "2^256-1": bytes.Repeat([]byte{0xff}, 32),
		"nothing": nil, "31 bytes": one[1:], "33 bytes": append([]byte{0}, one...),
	} {
		if key, err := New(value); err == nil || key != nil {
			t.Errorf("New(%s) succeeds", name)
		}
	}
}

func TestPoints(t *testing.T) {
	key := mustKey(t)
	point := key.pub.Bytes()
	x, y := new(big.Int).SetBytes(point[1:33]), new(big.Int).SetBytes(point[33:])
	compressed := append([]byte{2 + point[64]&1}, point[1:33]...)
	p := unhex(t, hexP)

	for name, f := range map[string]func() (*PublicKey, error){
		"uncompressed": func() (*PublicKey, error) { return NewPublic(point) },
		"compressed":   func() (*PublicKey, error) { return NewPublic(compressed) },
		"coordinates":  func() (*PublicKey, error) { return FromCoords(x, y) },
	} {
		if got, err := f(); err != nil || !got.Equal(key.pub) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	hybrid := append([]byte{6 + point[64]&1}, point[1:]...)
	for name, f := range map[string]func() (*PublicKey, error){
		"infinity":     func() (*PublicKey, error) { return NewPublic([]byte{0}) },
		"hybrid":       func() (*PublicKey, error) { return NewPublic(hybrid) },
		"empty":        func() (*PublicKey, error) { return NewPublic(nil) },
		"off curve":    func() (*PublicKey, error) { return FromCoords(x, new(big.Int).Add(y, big.NewInt(1))) },
		"x nil":        func() (*PublicKey, error) { return FromCoords(nil, y) },
		"y negative":   func() (*PublicKey, error) { return FromCoords(x, new(big.Int).Neg(y)) },
		"x + p":        func() (*PublicKey, error) { return FromCoords(new(big.Int).Add(x, p), y) },
		"x too long":   func() (*PublicKey, error) { return FromCoords(new(big.Int).Lsh(x, 256), y) },
		"zero zero":    func() (*PublicKey, error) { return FromCoords(new(big.Int), new(big.Int)) },
		"x is p":       func() (*PublicKey, error) { return FromCoords(p, y) },
		"coordinate 0": func() (*PublicKey, error) { return FromCoords(x, new(big.Int)) },
	} {
		if got, err := f(); err == nil || got != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEqual(t *testing.T) {
	a, b := mustKey(t), mustKey(t)
	again, err := New(a.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !a.Equal(again) || a.Equal(b) || a.Equal("a") || a.Equal((*PrivateKey)(nil)) {
		t.Error("PrivateKey.Equal is wrong")
	}
	if !a.pub.Equal(again.pub) || a.pub.Equal(b.pub) || a.pub.Equal(a) || a.pub.Equal((*PublicKey)(nil)) {
		t.Error("PublicKey.Equal is wrong")
	}
}

func TestFormat(t *testing.T) {
	key := mustKey(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		got := fmt.Sprintf(verb, key)
		if got != "secp256k1 private key" {
			t.Errorf("%s prints %q", verb, got)
		}
		if strings.Contains(got, fmt.Sprintf("%x", key.Bytes()[:4])) {
			t.Errorf("%s prints the key", verb)
		}
	}
}

func TestIsCurve(t *testing.T) {
	if !IsCurve(params(t)) || !IsCurve(foreign{params: params(t)}) {
		t.Error("IsCurve does not know secp256k1")
	}
	for name, c := range map[string]elliptic.Curve{
		"nil": nil, "no parameters": foreign{}, "P-256": elliptic.P256(), "P-521": elliptic.P521(),
		"empty": foreign{params: &elliptic.CurveParams{}},
	} {
		if IsCurve(c) {
			t.Errorf("IsCurve(%s) = true", name)
		}
	}
	for i := range 5 {
		p := params(t)
		v := []*big.Int{p.P, p.N, p.B, p.Gx, p.Gy}[i]
		v.Add(v, big.NewInt(2))
		if IsCurve(p) {
			t.Errorf("IsCurve accepts a curve whose parameter %d is wrong", i)
		}
	}
}

// FuzzVerify holds that without the key nothing verifies but a signature that was
// made and its twin, each in one spelling.
func FuzzVerify(f *testing.F) {
	key := mustKey(f)
	digest := sha256.Sum256([]byte("fuzz"))
	r, s, _, err := key.key.SignRaw(nil, digest[:])
	if err != nil {
		f.Fatal(err)
	}
	low := secec.BuildASN1Signature(r, s)
	high := secec.BuildASN1Signature(r, s.Negate(s))
	f.Add(low)
	f.Add(high)
	f.Add([]byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Fuzz(func(t *testing.T, sig []byte) {
		want := bytes.Equal(sig, low) || bytes.Equal(sig, high)
		if got := key.pub.Verify(digest[:], sig); got != want {
			t.Fatalf("Verify(%x) = %v, want %v", sig, got, want)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	key := mustKey(b)
	digest := sha256.Sum256([]byte("hello"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Sign(nil, digest[:], nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	key := mustKey(b)
	digest := sha256.Sum256([]byte("hello"))
	sig, err := key.Sign(nil, digest[:], nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !key.pub.Verify(digest[:], sig) {
			b.Fatal("refused")
		}
	}
}
