package issuer

import (
	"context"
	"time"
	"unicode/utf8"

	"usersig/server/internal/access"
)

// Revoke voids every token issued to a user up to now. It returns the last second
// whose tokens are void, and not before that second is over: a token that is issued
// after Revoke has returned, here or elsewhere, is good.
func (s *Service) Revoke(ctx context.Context, c access.Caller, app uint32, user string) (time.Time, error) {
	var to int64
	err := s.withUser(ctx, c, access.RevokeUser, app, user, "", func(u *User) {
		to = s.clock().Unix()
		if u.RevokedTo >= to {
			// Tokens issued since then are dated a second ahead, and must be void too.
			to = u.RevokedTo + 1
		}
		u.RevokedTo = to
	})
	if err != nil {
		return time.Time{}, err
	}
	if err := s.waitUntil(ctx, time.Unix(to+1, 0)); err != nil {
		return time.Time{}, err
	}
	return time.Unix(to, 0).UTC(), nil
}

// mostWait bounds how long a revocation waits, should the clock be set back.
const mostWait = 5 * time.Second

// waitUntil returns when the clock has reached t.
func (s *Service) waitUntil(ctx context.Context, t time.Time) error {
	wait := t.Sub(s.clock())
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(min(wait, mostWait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Block refuses a user until a time, whatever tokens they have.
func (s *Service) Block(ctx context.Context, c access.Caller, app uint32, user string, until time.Time) error {
	if !until.After(s.clock()) {
		return invalid("a block ends in the future")
	}
	return s.withUser(ctx, c, access.BlockUser, app, user, "until "+until.UTC().Format(time.RFC3339), func(u *User) {
		u.BlockedUntil = until.UTC()
	})
}

// Unblock ends a block.
func (s *Service) Unblock(ctx context.Context, c access.Caller, app uint32, user string) error {
	return s.withUser(ctx, c, access.UnblockUser, app, user, "", func(u *User) { u.BlockedUntil = time.Time{} })
}

func (s *Service) withUser(ctx context.Context, c access.Caller, a access.Action, app uint32, user, detail string, change func(*User)) error {
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
		change(&u)
		return tx.PutUser(app, user, u)
	})
}
