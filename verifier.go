package usersig

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"usersig/internal/wire"
)

// DefaultLeeway is the clock difference a [Verifier] forgives unless told
// otherwise.
const DefaultLeeway = time.Minute

// MaxLeeway is the most that clocks can be forgiven: beyond a day it is an expiry
// that is not kept, and no clock.
const MaxLeeway = 24 * time.Hour

// MaxKeys is the most keys a [Verifier] accepts. A token does not say which key
// signed it, so every key can cost one signature check per token.
const MaxKeys = 8

// VerifierOptions adjusts a [Verifier]. A nil *VerifierOptions selects the
// defaults.
type VerifierOptions struct {
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time

	// Leeway is how far the clocks of issuer and verifier may disagree, in whole
	// seconds. It lengthens the life of a token at both ends. Zero means
	// [DefaultLeeway]; a negative value means none; the most is [MaxLeeway].
	Leeway time.Duration

	// MaxAge, if not zero, refuses tokens issued longer ago than this, however
	// long their TTL. It bounds the damage of a token that was made to last
	// for years.
	MaxAge time.Duration

	// Revoked, if not nil, is asked last, about a token that passed every other
	// test. It returns nil to accept, [ErrRevoked] or [ErrBlocked] to refuse.
	// Any other error also refuses, and is wrapped: a deny list that cannot be
	// read denies.
	Revoked func(ctx context.Context, v Verified) error
}

// A Verifier checks tokens for one application. It is safe for concurrent use
// and cannot be changed after it is made; to change keys, make a new one.
type Verifier struct {
	app      uint32
	keys     []candidate
	clock    func() time.Time
	leeway   int64 // seconds
	maxAge   int64 // seconds; MaxInt64 for none
	revoked  func(context.Context, Verified) error
	decoders sync.Pool // of *decoder
}

// candidate is a key that a token may have been signed with: a public key for
// version 1, a secret for version 2, never both.
type candidate struct {
	id       string
	public   *PublicKey
	secret   *Secret
	retires  bool // at the time below; the zero time is one long past
	retireAt time.Time
}

// decoder is the memory one verification needs.
type decoder struct {
	wire.Decoder
	signed []byte
}

// NewVerifier returns a Verifier for the application appID. The keys are tried in
// order, so the one most tokens are signed with should come first.
//
// It fails if there are no keys, more than [MaxKeys], or the same key twice.
func NewVerifier(appID uint32, keys []VerifyingKey, opts *VerifierOptions) (*Verifier, error) {
	if opts == nil {
		opts = &VerifierOptions{}
	}
	v := &Verifier{app: appID, clock: opts.Clock, leeway: leewaySeconds(opts.Leeway), revoked: opts.Revoked}
	if v.clock == nil {
		v.clock = time.Now
	}
	v.decoders.New = func() any { return new(decoder) }
	if v.maxAge = int64(opts.MaxAge / time.Second); opts.MaxAge == 0 {
		v.maxAge = math.MaxInt64
	}
	switch {
	case appID == 0:
		return nil, fmt.Errorf("%w: SDKAppID is 0", ErrInvalidOptions)
	case opts.MaxAge != 0 && opts.MaxAge < time.Second:
		return nil, fmt.Errorf("%w: MaxAge is negative or less than a second", ErrInvalidOptions)
	case opts.Leeway > 0 && opts.Leeway < time.Second || opts.Leeway > MaxLeeway:
		return nil, fmt.Errorf("%w: Leeway is less than a second or more than a day", ErrInvalidOptions)
	case len(keys) == 0:
		return nil, fmt.Errorf("%w: no keys to verify with", ErrInvalidKey)
	case len(keys) > MaxKeys:
		return nil, fmt.Errorf("%w: %d keys, the most is %d", ErrInvalidKey, len(keys), MaxKeys)
	}
	for _, key := range keys {
		if err := v.addKey(key); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func leewaySeconds(d time.Duration) int64 {
	switch {
	case d == 0:
		d = DefaultLeeway
	case d < 0:
		d = 0
	}
	return int64(d / time.Second)
}

func (v *Verifier) addKey(key VerifyingKey) error {
	var c candidate
	if r, ok := key.(*retiring); ok && r != nil {
		c.retires, c.retireAt, key = true, r.at, r.key
	}
	switch k := key.(type) {
	case *PublicKey:
		if k.usable() {
			c.public = k
		}
	case *Secret:
		if k.usable() {
			c.secret = k
		}
	}
	if c.public == nil && c.secret == nil {
		return fmt.Errorf("%w: a key is nil or empty", ErrInvalidKey)
	}
	c.id = key.ID()
	for i := range v.keys {
		if v.keys[i].id == c.id {
			return fmt.Errorf("%w: key %s is given twice", ErrInvalidKey, c.id)
		}
	}
	v.keys = append(v.keys, c)
	return nil
}

// Verify checks that token is a UserSig of userID. It checks, in this order, that
// token can be decoded, that it was made for this application, that a key of its
// scheme is known, that one of these signed it, that it is a UserSig and not made
// for another purpose, that it was made for userID, that it is in date and that it
// has not been revoked. The first test to fail decides the error, so nothing is
// said about the user or the time until the signature is known to be good.
//
// The error is a [*Refusal], unless Revoked failed with an error of its own. With
// an error comes the zero Verified, which names nobody.
func (v *Verifier) Verify(ctx context.Context, token, userID string) (Verified, error) {
	return v.verify(ctx, token, request{purpose: UserSig, user: userID})
}

// Authenticate is like [Verifier.Verify] for a caller that has not been told who
// the user is and means to learn it from the token. Prefer Verify where the
// request names a user: two statements that must agree are harder to forge than
// one.
func (v *Verifier) Authenticate(ctx context.Context, token string) (Verified, error) {
	return v.verify(ctx, token, request{purpose: UserSig, anyUser: true})
}

// VerifyPrivateMapKey checks that token is a PrivateMapKey of userID for room, and
// that the grant in it names the same user and application and has not ended. What
// the grant allows is for the caller to ask: see [Verified.Grant].
//
// It says nothing about who the user is. Call Verify for that, with a UserSig.
func (v *Verifier) VerifyPrivateMapKey(ctx context.Context, token, userID string, room Room) (Verified, error) {
	return v.verify(ctx, token, request{purpose: PrivateMapKey, user: userID, room: room})
}

// VerifyUserBuf checks that token was made for userID with a user buffer, which
// [Verified.UserBuf] then returns. A PrivateMapKey is refused.
func (v *Verifier) VerifyUserBuf(ctx context.Context, token, userID string) (Verified, error) {
	return v.verify(ctx, token, request{purpose: UserBuf, user: userID})
}

// AppID returns the application the Verifier checks tokens for.
func (v *Verifier) AppID() uint32 { return v.app }
