package issuer

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"usersig/server/internal/access"
)

// Revoke voids every token issued to a user up to now. It returns the last second
// whose tokens are void, and not before that second is over: a token that is issued
// after Revoke has returned, here or elsewhere, is good. Any number of revocations in one
// second are one.
//
// If the user is revoked to a time that this clock is not near to, the answer is
// [ErrClock]: it cannot be known here what "up to now" is, and tokens that another node
// has issued since could go free.
func (s *Service) Revoke(ctx context.Context, c access.Caller, app uint32, user string) (time.Time, error) {
	var to int64
	err := s.withUser(ctx, c, access.RevokeUser, app, user, "", func(u *User) error {
		// Tokens of this second are older than this: issuing waits for the next one.
		to = max(u.RevokedTo, s.clock().Unix())
		if s.isAhead(to) {
			return errAhead(to)
		}
		u.RevokedTo = to
		return nil
	})
	if errors.Is(err, ErrClock) {
		s.logAhead(ctx, app, to)
	}
	if err != nil {
		return time.Time{}, err
	}
	// For tokens that are signed elsewhere, where nobody waits.
	waiting, cancel := context.WithTimeoutCause(ctx, mostWait, errAhead(to))
	defer cancel()
	if err := s.waitUntil(waiting, time.Unix(to+1, 0)); err != nil {
		return time.Time{}, err
	}
	return time.Unix(to, 0).UTC(), nil
}

// Block refuses a user until a time, whatever tokens they have.
func (s *Service) Block(ctx context.Context, c access.Caller, app uint32, user string, until time.Time) error {
	return s.withUser(ctx, c, access.BlockUser, app, user, "until "+until.UTC().Format(time.RFC3339), func(u *User) error {
		if !until.After(s.clock()) || tooLate(until) {
			return invalid("a block ends in the future, and not after the year 9999")
		}
		u.BlockedUntil = until.UTC()
		return nil
	})
}

// tooLate reports whether JSON cannot write a time.
func tooLate(t time.Time) bool { return t.UTC().Year() > 9999 }

// Unblock ends a block.
func (s *Service) Unblock(ctx context.Context, c access.Caller, app uint32, user string) error {
	return s.withUser(ctx, c, access.UnblockUser, app, user, "", func(u *User) error {
		if now := s.clock(); now.Before(u.BlockedUntil) {
			// It ends a little before now: so does it for a node whose clock is behind.
			u.BlockedUntil = now.Add(-mostSkew).UTC()
		}
		return nil
	})
}

// mostSkew is how far apart the clocks of nodes are taken to be at most.
const mostSkew = time.Minute

func (s *Service) withUser(ctx context.Context, c access.Caller, a access.Action, app uint32, user, detail string, change func(*User) error) error {
	e := s.entry(c, a, app, user)
	e.Detail = detail
	return s.do(ctx, c, e, func(tx Tx) error {
		if user == "" || len(user) > 255 || !utf8.ValidString(user) {
			return invalid("a user ID has 1 to 255 bytes of UTF-8")
		}
		// Also takes the lock that orders this after what else is done to the
		// application.
		if r, err := tx.App(app); err != nil || r.App.State == Deleted || app == Platform {
			return ErrNotFound
		}
		u, err := tx.User(app, user)
		if err != nil {
			return err
		}
		before := u
		if err := change(&u); err != nil || u == before {
			return err
		}
		return tx.PutUser(app, user, u)
	})
}
