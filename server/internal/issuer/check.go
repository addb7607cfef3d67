package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"usersig"
	"usersig/server/internal/access"
)

// Question is a token to check: is it good, of this user, for this purpose?
type Question struct {
	Token   string
	UserID  string
	Purpose usersig.Purpose // UserSig if 0
	Room    usersig.Room    // for a PrivateMapKey
	// Source is where the user's request came from, if the caller knows. Failures
	// are counted by it, and without it not at all: the address of a back end is that
	// of all its users, and whoever can make it ask would lock out whom they like.
	Source netip.Addr
}

// Check gives the server's own verdict on a token: its keys, what was revoked, who is
// blocked, and not cryptography alone. A refusal is a [*usersig.Refusal].
func (s *Service) Check(ctx context.Context, c access.Caller, app uint32, q Question) (usersig.Verified, error) {
	if !c.May(access.Verify, app, q.UserID) {
		return usersig.Verified{}, s.deny(ctx, c, s.entry(c, access.Verify, app, q.UserID))
	}
	return s.Verdict(ctx, app, q)
}

// Verdict is Check for a caller inside this process that has no identity of its own:
// the door of a media engine.
func (s *Service) Verdict(ctx context.Context, app uint32, q Question) (usersig.Verified, error) {
	if err := s.fresh(); err != nil {
		return usersig.Verified{}, err
	}
	m, err := s.member(app)
	if err != nil || m.record.App.State != Running {
		return usersig.Verified{}, refusal(usersig.ErrAppUnknown)
	}
	if m.broken != nil {
		return usersig.Verified{}, fmt.Errorf("%w: %w", ErrUnavailable, m.broken)
	}
	if m.verifier == nil {
		return usersig.Verified{}, refusal(usersig.ErrNoKey)
	}
	who := failureKey{app, q.UserID, q.Source}
	counted := q.Source.IsValid()
	if counted && s.failures.locked(who, s.clock()) {
		return usersig.Verified{}, refusal(usersig.ErrTooManyFailures)
	}
	v, err := verify(ctx, m.verifier, q)
	if counted && isGuess(err) {
		s.failures.count(who, s.clock())
	}
	return v, err
}

// isGuess reports whether a refusal can be an attempt to come in with a token that was
// made up. Genuine tokens that are over or void are not: a client that tries one again
// must not be locked out with its next.
func isGuess(err error) bool {
	for _, reason := range [...]usersig.Error{
		usersig.ErrEmpty, usersig.ErrMalformed, usersig.ErrAppMismatch, usersig.ErrNoKey, usersig.ErrSignature, usersig.ErrPurpose, usersig.ErrUserMismatch,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

func verify(ctx context.Context, v *usersig.Verifier, q Question) (usersig.Verified, error) {
	switch q.Purpose {
	case usersig.PrivateMapKey:
		return v.VerifyPrivateMapKey(ctx, q.Token, q.UserID, q.Room)
	case usersig.UserBuf:
		return v.VerifyUserBuf(ctx, q.Token, q.UserID)
	default:
		return v.Verify(ctx, q.Token, q.UserID)
	}
}

// refusal makes the object that every refusal is.
func refusal(reason usersig.Error) error {
	r, _ := usersig.RefusalOf(reason)
	return &r
}
