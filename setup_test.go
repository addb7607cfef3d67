package usersig_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/internal/k256"
)

// What the tests sign for, and when.
const (
	testApp  = 1400000000
	testTime = 1795426000
	testTTL  = 86400
	// testSecret has the form that consoles hand out. It is made up.
	testSecret = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
)

// The signing keys of the tests: fixed, so that a failure happens again.
var (
	keyP256  = fixedKey(1)
	otherKey = fixedKey(2)
	keyK256  = fixedK256(3)
)

func fixedKey(n byte) *ecdsa.PrivateKey {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{n}, 32))
	if err != nil {
		panic(err)
	}
	return k
}

func fixedK256(n byte) *k256.PrivateKey {
	k, err := k256.New(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		panic(err)
	}
	return k
}

func publicOf(t testing.TB, s crypto.Signer) *usersig.PublicKey {
	t.Helper()
	k, err := usersig.NewPublicKey(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func privateOf(t testing.TB, s crypto.Signer) *usersig.PrivateKey {
	t.Helper()
	k, err := usersig.NewPrivateKey(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func secretOf(t testing.TB, text string) *usersig.Secret {
	t.Helper()
	s, err := usersig.ParseSecret([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verifierOf returns a Verifier whose clock stands an hour after testTime, with
// the given keys or with all that the forgers use.
func verifierOf(t testing.TB, opts *usersig.VerifierOptions, keys ...usersig.VerifyingKey) *usersig.Verifier {
	t.Helper()
	if opts == nil {
		opts = &usersig.VerifierOptions{}
	}
	if opts.Clock == nil {
		opts.Clock = at(testTime + 3600)
	}
	if len(keys) == 0 {
		keys = []usersig.VerifyingKey{publicOf(t, keyP256), publicOf(t, keyK256), secretOf(t, testSecret)}
	}
	v, err := usersig.NewVerifier(testApp, keys, opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// signerOf returns a Signer whose clock stands at testTime.
func signerOf(t testing.TB, key usersig.SigningKey, compress bool) *usersig.Signer {
	t.Helper()
	s, err := usersig.NewSigner(testApp, key, &usersig.SignerOptions{Clock: at(testTime), Compress: compress, MaxTTL: usersig.LongestTTL})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signed(t testing.TB, s *usersig.Signer, c usersig.Claims) string {
	t.Helper()
	if c.TTL == 0 {
		c.TTL = testTTL * time.Second
	}
	token, err := s.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// wantRefusal fails unless err refuses for the reason want, in a message that
// holds part, and who is nobody.
func wantRefusal(t testing.TB, who usersig.Verified, err error, want usersig.Error, part string) {
	t.Helper()
	r, ok := err.(*usersig.Refusal)
	switch {
	case !ok:
		t.Errorf("error %v (%T), want a refusal: %v", err, err, want)
	case r.Unwrap() != want || r.Code != want.Code() || usersig.Code(err) != want.Code():
		t.Errorf("refused with %d %q, want %d %q", r.Code, r, want.Code(), want)
	case !strings.Contains(r.Message, part):
		t.Errorf("message %q does not name %q", r.Message, part)
	}
	if who.IsValid() || who.UserID() != "" || who.AppID() != 0 || who.UserBuf() != nil {
		t.Errorf("a refusal came with %v", who.LogValue())
	}
}

// attack is a token that must be refused as alice's UserSig.
type attack struct {
	name, token string
	want        usersig.Error
	part        string // of the message
}

func runAttacks(t *testing.T, v *usersig.Verifier, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			who, err := v.Verify(t.Context(), a.token, "alice")
			wantRefusal(t, who, err, a.want, a.part)
		})
	}
}

// wantAlice fails unless v takes token as alice's UserSig.
func wantAlice(t testing.TB, v *usersig.Verifier, token string) {
	t.Helper()
	if who, err := v.Verify(t.Context(), token, "alice"); err != nil || who.UserID() != "alice" {
		t.Errorf("good token: %v", err)
	}
}
