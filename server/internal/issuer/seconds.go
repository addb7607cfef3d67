package issuer

import (
	"context"
	"fmt"
	"time"
)

// Times in tokens are whole seconds, and so a revocation voids whole seconds. A token that
// is issued in the second of a revocation would be void, and one that is dated after it
// would not be valid yet, nor void by the next revocation. So it is not issued before that
// second is over.

// mostAhead is how long the end of a revoked second is waited for: the clocks of other
// nodes are a little ahead. What is further ahead was made by a clock that was wrong, or
// this one is.
const mostAhead = 3 * time.Second

// mostWait bounds all waiting, should the clock be set back or the user be revoked again
// and again.
const mostWait = mostAhead + time.Second

// signerFor returns who signs the tokens wished for and their date, of which no user's
// tokens are void. It waits for that if it has to.
func (s *Service) signerFor(ctx context.Context, app uint32, wishes []Wish) (*member, time.Time, error) {
	for waiting := ctx; ; {
		// Anew after each wait: meanwhile the key may have been killed.
		m, err := s.signerOf(app)
		if err != nil {
			return nil, time.Time{}, err
		}
		at := s.clock().UTC().Truncate(time.Second)
		i, to := m.revokedTo(wishes)
		if to < at.Unix() {
			return m, at, nil
		}
		late := &WishError{i, len(wishes), errAhead(to)}
		if s.isAhead(to) {
			s.logAhead(ctx, app, to)
			return nil, time.Time{}, late
		}
		if waiting == ctx {
			var cancel context.CancelFunc
			waiting, cancel = context.WithTimeoutCause(ctx, mostWait, late)
			defer cancel()
		}
		if err := s.waitUntil(waiting, time.Unix(to+1, 0)); err != nil {
			return nil, time.Time{}, err
		}
	}
}

// revokedTo returns the last second whose tokens are void for one of the users, and whose
// wish that is.
func (m *member) revokedTo(wishes []Wish) (index int, to int64) {
	for i, w := range wishes {
		if u := m.user(w.UserID); u.RevokedTo > to {
			index, to = i, u.RevokedTo
		}
	}
	return index, to
}

// isAhead reports whether a revocation is one that is not waited for.
func (s *Service) isAhead(to int64) bool { return time.Unix(to+1, 0).Sub(s.clock()) > mostAhead }

func errAhead(to int64) error {
	return fmt.Errorf("%w: tokens of this user are void up to %s", ErrClock, time.Unix(to, 0).UTC().Format(time.RFC3339))
}

// logAhead says that a clock is wrong, now and then: any request can be about such a user.
func (s *Service) logAhead(ctx context.Context, app uint32, to int64) {
	s.ahead.Do(func() {
		s.log.ErrorContext(ctx, "a revocation is ahead of this clock", "sdkappid", app, "by", time.Unix(to, 0).Sub(s.clock()).Truncate(time.Second))
	})
}

// waitUntil returns nil when the clock has reached t.
func (s *Service) waitUntil(ctx context.Context, t time.Time) error {
	for {
		wait := t.Sub(s.clock())
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}
