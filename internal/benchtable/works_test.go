package benchtable

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"gitlab.com/yawning/secp256k1-voi/secec"

	"usersig"
	"usersig/internal/wire"
)

const app, user = 1400000000, "alice"

// The targets are the ratios of the times that were asked for, on the machine the
// bare primitives were measured on: 0.5, 0.9 and 3 µs beside an HMAC of 0.2 µs.
func works(t *testing.T) []work {
	secret := must(usersig.GenerateSecret())(t)
	p256 := must(usersig.GenerateKey(usersig.P256))(t)
	k256 := must(usersig.GenerateKey(usersig.Secp256k1))(t)
	mac := bareHMAC(secret)
	return []work{
		{"v2 sign", 0.5 / 0.2, 0, sign(t, secret), mac},
		{"v2 verify, stored", 0.9 / 0.2, 0, verify(t, secret, secret, false), mac},
		{"v2 verify, deflated", 3 / 0.2, -1, verify(t, secret, secret, true), mac},
		{"v1 sign, P-256", 1.15, -1, sign(t, p256), bareSignP256},
		{"v1 sign, secp256k1", 1.15, -1, sign(t, k256), bareSignK256},
		{"v1 verify, P-256", 1.1, -1, verify(t, p256, p256.Public(), false), bareVerifyP256},
		{"v1 verify, secp256k1", 1.1, -1, verify(t, k256, k256.Public(), false), bareVerifyK256},
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func sign(t *testing.T, key usersig.SigningKey) func(*testing.B) {
	s := must(usersig.NewSigner(app, key, nil))(t)
	buf := make([]byte, 0, 1024)
	return func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.AppendSign(buf, usersig.Claims{UserID: user, TTL: time.Hour}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func verify(t *testing.T, key usersig.SigningKey, with usersig.VerifyingKey, compress bool) func(*testing.B) {
	s := must(usersig.NewSigner(app, key, &usersig.SignerOptions{Compress: compress}))(t)
	v := must(usersig.NewVerifier(app, []usersig.VerifyingKey{with}, nil))(t)
	token := must(s.Sign(usersig.Claims{UserID: user, TTL: usersig.DefaultMaxTTL}))(t)
	return func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), token, user); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// signed is what every token here signs: the same bytes for ours and bare.
func signed() []byte {
	c := new(wire.Scratch).Claims(app, []byte(user), 1795426000, 3600, nil)
	return c.AppendSigned(nil, wire.V2)
}

func bareHMAC(s *usersig.Secret) func(*testing.B) {
	key, message, sum := []byte(s.Reveal()), signed(), make([]byte, 0, sha256.Size)
	return func(b *testing.B) {
		mac := hmac.New(sha256.New, key)
		for b.Loop() {
			mac.Reset()
			mac.Write(message)
			sum = mac.Sum(sum[:0])
		}
	}
}

func digest() []byte {
	sum := sha256.Sum256(signed())
	return sum[:]
}

func bareSignP256(b *testing.B) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(b)
	d := digest()
	for b.Loop() {
		must(ecdsa.SignASN1(rand.Reader, key, d))(b)
	}
}

func bareVerifyP256(b *testing.B) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(b)
	d := digest()
	sig := must(ecdsa.SignASN1(rand.Reader, key, d))(b)
	for b.Loop() {
		if !ecdsa.VerifyASN1(&key.PublicKey, d, sig) {
			b.Fatal("not verified")
		}
	}
}

// The bare secp256k1 is the fastest of the pure Go libraries that were measured:
// docs/design/0003-secp256k1.md has the others.
func bareSignK256(b *testing.B) {
	key := must(secec.GenerateKey())(b)
	d := digest()
	for b.Loop() {
		must(key.Sign(rand.Reader, d, nil))(b)
	}
}

func bareVerifyK256(b *testing.B) {
	key := must(secec.GenerateKey())(b)
	d := digest()
	sig := must(key.Sign(rand.Reader, d, nil))(b)
	public := key.PublicKey()
	for b.Loop() {
		if !public.Verify(d, sig, nil) {
			b.Fatal("not verified")
		}
	}
}
