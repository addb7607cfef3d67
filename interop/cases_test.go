package interop

import (
	"testing"
	"time"

	"usersig"
)

const (
	app    = 1400000000
	expire = 86400
	secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
)

// users are the user IDs that official libraries have been seen to disagree about, and one that
// they have not. A line feed and the like are missing: we sign no such ID.
var users = []string{
	"user_1", "用户甲", "x😀y", "café", "a<b>&c", "a/b", `quo"te`, `back\slash`, `a\u003cb`,
}

// asciiUsers is for PrivateMapKeys: the Node and Python packages write any other ID wrongly into
// the userbuf, though rightly into the token.
var asciiUsers = []string{"user_1", "a<b>&c", "a/b", `quo"te`, `back\slash`}

// buffers are contents for a ticket with free userbuf. That they are valid UTF-8 is for the Node
// verifier's sake, which returns them as text.
var buffers = [][]byte{{}, []byte("room 7, 甲")}

var allCurves = []usersig.Curve{usersig.P256, usersig.Secp256k1, usersig.P384, usersig.P521}

// A keyPair is a key of ours with its two PEM texts.
type keyPair struct {
	*usersig.PrivateKey
	private, public string
}

func newKeyPair(t *testing.T, c usersig.Curve) keyPair {
	t.Helper()
	key, err := usersig.GenerateKey(c)
	if err != nil {
		t.Fatalf("GenerateKey(%v): %v", c, err)
	}
	private, err := key.EncodePEM()
	if err != nil {
		t.Fatalf("EncodePEM of a %v key: %v", c, err)
	}
	return keyPair{key, string(private), string(key.Public().EncodePEM())}
}

func newVerifier(t *testing.T, keys ...usersig.VerifyingKey) *usersig.Verifier {
	t.Helper()
	v, err := usersig.NewVerifier(app, keys, nil)
	if err != nil {
		t.Fatalf("NewVerifier: %v", err)
	}
	return v
}

func newSigner(t *testing.T, key usersig.SigningKey, compress bool) *usersig.Signer {
	t.Helper()
	s, err := usersig.NewSigner(app, key, &usersig.SignerOptions{Compress: compress})
	if err != nil {
		t.Fatalf("NewSigner: %v", err)
	}
	return s
}

func sign(t *testing.T, s *usersig.Signer, c usersig.Claims) string {
	t.Helper()
	if c.TTL == 0 {
		c.TTL = expire * time.Second
	}
	token, err := s.Sign(c)
	if err != nil {
		t.Fatalf("Sign(%+v): %v", c, err)
	}
	return token
}

func newSecret(t *testing.T) *usersig.Secret {
	t.Helper()
	s, err := usersig.ParseSecret([]byte(secret))
	if err != nil {
		t.Fatalf("ParseSecret: %v", err)
	}
	return s
}
