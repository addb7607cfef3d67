package usersig

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"usersig/internal/wire"
)

// SignerOptions adjusts a [Signer]. A nil *SignerOptions selects the defaults.
type SignerOptions struct {
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time

	// MaxTTL is the longest TTL that Sign accepts. Zero means [DefaultMaxTTL];
	// more than [LongestTTL] is refused.
	MaxTTL time.Duration

	// Compress makes tokens about a fifth shorter and, with a [*Secret], some
	// thirty times slower to make. Verifiers accept both forms.
	Compress bool
}

// A Signer makes tokens for one application with one key. It is safe for
// concurrent use and cannot be changed after it is made.
type Signer struct {
	app      uint32
	scheme   Scheme
	secret   *Secret     // or
	private  *PrivateKey // the key
	clock    func() time.Time
	maxTTL   time.Duration
	compress bool
	encoders sync.Pool // of *encoder
}

// encoder is the memory one signature needs.
type encoder struct {
	wire.Encoder
	user, userBuf, signed []byte
	mac                   *mac // if the key is a secret
}

// newEncoder makes an encoder whose user buffer is empty and not nil: nil is none.
func newEncoder(m *mac) *encoder { return &encoder{userBuf: []byte{}, mac: m} }

// NewSigner returns a Signer for the application appID. The key is a
// [*PrivateKey] or a [*Secret].
func NewSigner(appID uint32, key SigningKey, opts *SignerOptions) (*Signer, error) {
	if opts == nil {
		opts = &SignerOptions{}
	}
	s := &Signer{app: appID, clock: opts.Clock, maxTTL: opts.MaxTTL, compress: opts.Compress}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.maxTTL == 0 {
		s.maxTTL = DefaultMaxTTL
	}
	switch {
	case appID == 0:
		return nil, fmt.Errorf("%w: SDKAppID is 0", ErrInvalidOptions)
	case s.maxTTL < time.Second || s.maxTTL > LongestTTL:
		return nil, fmt.Errorf("%w: MaxTTL is less than a second or more than 50 years", ErrInvalidOptions)
	}
	switch k := key.(type) {
	case *PrivateKey:
		if k.usable() {
			s.private, s.scheme = k, SchemeECDSA
			s.encoders.New = func() any { return newEncoder(nil) }
			return s, nil
		}
	case *Secret:
		if k.usable() {
			s.secret, s.scheme = k, SchemeHMAC
			s.encoders.New = func() any { return newEncoder(k.newMAC()) }
			return s, nil
		}
	}
	return nil, fmt.Errorf("%w: no key to sign with", ErrInvalidKey)
}

// Sign returns a token that carries c.
//
// It returns an error that wraps [ErrInvalidClaims] if c cannot be signed, and
// otherwise fails only if the key does, which for a key in memory is never.
func (s *Signer) Sign(c Claims) (string, error) {
	token, err := s.AppendSign(nil, c)
	return string(token), err
}

// AppendSign is like [Signer.Sign] but appends the token to dst. With a [*Secret]
// and room in dst it does not allocate.
func (s *Signer) AppendSign(dst []byte, c Claims) ([]byte, error) {
	if s.scheme == 0 {
		return nil, fmt.Errorf("%w: the Signer was not made by NewSigner", ErrInvalidOptions)
	}
	e := s.encoders.Get().(*encoder)
	defer s.encoders.Put(e)

	e.user = append(e.user[:0], c.UserID...)
	if err := checkUser(e.user); err != nil {
		return nil, err
	}
	issued, ttl, err := c.span(s.clock, s.maxTTL)
	if err != nil {
		return nil, err
	}
	buf, err := c.appendBuf(e.userBuf[:0], s.app, issued+ttl)
	if err != nil {
		return nil, err
	}
	if buf != nil {
		e.userBuf = buf // perhaps grown: keep it for the next
	}
	claims := e.Claims(s.app, e.user, issued, ttl, buf)
	e.signed = claims.AppendSigned(e.signed[:0], wire.Scheme(s.scheme))
	sig, err := s.sign(e)
	if err != nil {
		return nil, err
	}
	return e.Append(dst, wire.Scheme(s.scheme), &claims, sig, s.compress), nil
}

// sign signs e.signed.
func (s *Signer) sign(e *encoder) ([]byte, error) {
	if s.secret != nil {
		return e.mac.of(e.signed), nil
	}
	digest := sha256.Sum256(e.signed)
	return s.private.sign(digest[:])
}

// AppID returns the application the Signer signs for.
func (s *Signer) AppID() uint32 { return s.app }

// KeyID returns the ID of the key the Signer signs with.
func (s *Signer) KeyID() string {
	if s.secret != nil {
		return s.secret.ID()
	}
	return s.private.ID()
}

// Scheme returns the scheme of the tokens the Signer makes.
func (s *Signer) Scheme() Scheme { return s.scheme }
