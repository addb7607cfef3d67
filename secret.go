package usersig

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"hash"
	"log/slog"
	"regexp"
	"sync"
	"unicode/utf8"

	"usersig/internal/eckey"
	"usersig/internal/wire"
)

// Lengths of a [Secret]'s text in bytes.
const (
	// MinSecret is the shortest text taken for a secret. It keeps out accidents.
	// A secret that resists guessing has the length [GenerateSecret] gives it.
	MinSecret = 8

	// maxSecret bounds the work on a file that is not a secret at all.
	maxSecret = 1 << 10
)

// Secret is a shared HMAC key. It prints and marshals as its ID, never as its
// value.
type Secret struct {
	text func() []byte // a closure: fmt, told to print a copy of a Secret, prints an address
	id   string
	macs sync.Pool // of *mac, keyed
}

// assignment matches a line of an environment file. It would work as a secret, and
// sign tokens that nobody else can verify.
var assignment = regexp.MustCompile(`^(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=\s*[^\s=]`)

// mac is a keyed HMAC with room for its result, so that neither is allocated anew
// for each token.
type mac struct {
	hash hash.Hash
	sum  [sha256.Size]byte
}

// GenerateSecret returns a new random secret of 64 hexadecimal digits, the form
// Tencent's consoles hand out.
func GenerateSecret() (*Secret, error) {
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // rather than fail, it ends the program
	return newSecret([]byte(hex.EncodeToString(seed[:]))), nil
}

// ParseSecret returns the secret written in text, ignoring white space at the end.
// The text itself is the key: hexadecimal digits are not decoded, because the
// original libraries do not decode them.
//
// It takes any UTF-8 text without control characters from [MinSecret] bytes on,
// because such secrets verify in the field. Text that is another kind of key, such
// as a PEM file, is refused by name.
func ParseSecret(text []byte) (*Secret, error) {
	if err := checkSecretKind(text); err != nil {
		return nil, err
	}
	text = bytes.TrimRight(text, " \t\r\n")
	switch {
	case bytes.IndexAny(text, " \t\r\n") == 0:
		return nil, &KeyError{Message: "parse secret: white space stands before it", Hint: "remove it: every character of the file is part of the secret"}
	case assignment.Match(text):
		return nil, &KeyError{Message: "parse secret: this is a NAME= line, not the secret alone", Hint: "keep what is behind the equals sign, without quotes"}
	case len(text) < MinSecret:
		return nil, fmt.Errorf("%w: secret is shorter than %d bytes", ErrInvalidKey, MinSecret)
	case len(text) > maxSecret:
		return nil, fmt.Errorf("%w: secret is longer than %d bytes", ErrInvalidKey, maxSecret)
	case !wire.ValidText(text):
		return nil, fmt.Errorf("%w: secret has a control character or is not UTF-8", ErrInvalidKey)
	}
	return newSecret(bytes.Clone(text)), nil
}

// checkSecretKind refuses what is known to be something else. A pasted PEM key would
// work as a secret, and sign tokens that nobody can verify.
func checkSecretKind(text []byte) error {
	switch kind := eckey.Sniff(text); kind {
	case eckey.KindSecret, eckey.KindText:
		return nil
	case eckey.KindPrivate, eckey.KindPublic:
		return &KeyError{
			Message: "parse secret: this is a PEM key, not a SECRETKEY",
			Hint:    "a PEM key signs and checks v1 tokens (ECDSA); a SECRETKEY is the 64 characters the console shows for v2 (HMAC)",
		}
	default:
		return &KeyError{Message: "parse secret: " + kind.Text(), Hint: kind.Hint()}
	}
}

func newSecret(text []byte) *Secret {
	s := &Secret{text: func() []byte { return text }}
	s.macs.New = func() any { return s.newMAC() }
	// One more thing signed by the secret, in a form no token can have: it names
	// the secret without helping to guess it more than any token does.
	s.id = hex.EncodeToString(s.newMAC().of([]byte("usersig key id\x00"))[:8])
	return s
}

func (s *Secret) newMAC() *mac { return &mac{hash: hmac.New(sha256.New, s.text())} }

// of returns the MAC of message, in memory that the next call overwrites.
func (m *mac) of(message []byte) []byte {
	m.hash.Reset()
	m.hash.Write(message)
	return m.hash.Sum(m.sum[:0])
}

// verify reports whether tag is the MAC of message, in a time that does not
// depend on where they differ: otherwise a forger could find a tag byte by byte.
func (s *Secret) verify(message, tag []byte) bool {
	m := s.macs.Get().(*mac)
	ok := hmac.Equal(m.of(message), tag)
	s.macs.Put(m)
	return ok
}

// usable reports whether s was made by this package.
func (s *Secret) usable() bool { return s != nil && s.text != nil }

// ID returns a short name for the secret that does not help to guess it.
func (s *Secret) ID() string { return s.id }

// Equal reports whether s and x are the same secret, in constant time.
func (s *Secret) Equal(x *Secret) bool {
	return x != nil && subtle.ConstantTimeCompare(s.text(), x.text()) == 1
}

// Strong reports whether the secret is at least as long as those that Tencent's
// consoles and [GenerateSecret] make (64 characters). A shorter one may be guessed
// by anybody who has seen a token.
func (s *Secret) Strong() bool { return utf8.RuneCount(s.text()) >= 64 }

// Reveal returns the text of the secret. Reviewers search for it by name.
func (s *Secret) Reveal() string { return string(s.text()) }

// Format implements [fmt.Formatter]. Whatever the verb, it prints the ID, so that
// no log line, panic or test failure shows the secret by accident.
func (s *Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "secret:%s", s.id) }

// LogValue implements [slog.LogValuer].
func (s *Secret) LogValue() slog.Value { return slog.StringValue("secret:" + s.id) }

// MarshalText returns the ID of the secret.
func (s *Secret) MarshalText() ([]byte, error) { return []byte("secret:" + s.id), nil }

func (*Secret) signingKey()   {}
func (*Secret) verifyingKey() {}
