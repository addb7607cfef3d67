// Package wire reads and writes the text of UserSig tokens: base64 around zlib
// around one JSON object. It is pure: no keys, no clock, no I/O. It decides what
// a token says and which bytes its signature covers, never whether to believe it.
//
// docs/format.md describes the format; the names of its fields occur only there
// and here.
package wire

// Limits on what is read, checked before the work they bound is done.
const (
	MaxToken   = 8 << 10 // longest token, in characters
	MaxText    = 8 << 10 // longest JSON text inside a token, in bytes
	MaxUserBuf = 1 << 10 // longest user buffer, in bytes
	MaxUserID  = 255     // longest user ID, in bytes; issuers stop at 32
	maxMembers = 32      // most members of the JSON object
	maxDepth   = 8       // deepest nesting in a member that is ignored
)

// Scheme is a version of the token format.
type Scheme uint8

// The schemes: ECDSA over lines of strings, and HMAC over lines with numbers.
const (
	V1 Scheme = 1
	V2 Scheme = 2
)

// Fields is what a token says. Its slices are views of the [Decoder] that made
// it and are valid until that is used again.
type Fields struct {
	Scheme Scheme
	AppID  uint32
	UserID []byte // valid UTF-8, 1 to MaxUserID bytes, no control characters
	Time   int64  // second of issue, Unix time
	Expire int64  // lifetime in seconds; Time+Expire does not overflow

	HasUserBuf bool   // whether the token has a user buffer, which may be empty
	UserBuf    []byte // its bytes

	Sig        []byte // the signature's bytes: DER for V1, 32 bytes or not for V2
	Compressed bool   // deflated, not merely stored

	text Claims // the fields as text, which is what the signature covers
}

// ExpiresAt returns the last second, in Unix time, at which the token is valid.
func (f *Fields) ExpiresAt() int64 { return f.Time + f.Expire }

// AppendSigned appends the bytes that the token's signature covers. They are made
// of the text of the fields as it was read, with JSON's escapes undone.
func (f *Fields) AppendSigned(dst []byte) []byte { return f.text.AppendSigned(dst, f.Scheme) }

// SignedFor is AppendSigned as if the token named another user. It serves to
// recognise libraries that sign one user ID and write another.
func (f *Fields) SignedFor(user string) []byte {
	c := f.text
	c.user = []byte(user)
	return c.AppendSigned(nil, f.Scheme)
}

// SignedWithoutThird is AppendSigned as if the token had no TLS.appid_at_3rd. It
// serves to recognise a library that writes the field and does not sign it.
func (f *Fields) SignedWithoutThird() []byte {
	c := f.text
	c.noThird = true
	return c.AppendSigned(nil, f.Scheme)
}
