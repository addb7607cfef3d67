package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
)

// MaxBatch is the most tokens of one call.
const MaxBatch = 1000

// Wish is a token to issue. A zero TTL means the longest the application allows, but
// a day at most for a PrivateMapKey.
type Wish struct {
	UserID string
	TTL    time.Duration
	Grant  *usersig.Grant // makes it a PrivateMapKey
}

// WishError is why one of several wishes was refused, and with it all of them.
type WishError struct {
	Index int // of the wish, from 0
	Of    int // how many there were
	Err   error
}

// Error implements error.
func (e *WishError) Error() string {
	return fmt.Sprintf("user ID %d of %d: %v", e.Index+1, e.Of, e.Err)
}

// Unwrap returns why.
func (e *WishError) Unwrap() error { return e.Err }

// Issued is a token and what is in it.
type Issued struct {
	Token     string
	UserID    string
	IssuedAt  time.Time
	ExpiresAt time.Time
	KeyID     string
	Scheme    usersig.Scheme
	Grant     *usersig.Grant
}

// Issue signs one token.
func (s *Service) Issue(ctx context.Context, c access.Caller, app uint32, w Wish) (Issued, error) {
	var out [1]Issued
	if err := s.issue(ctx, c, app, []Wish{w}, out[:]); err != nil {
		return Issued{}, err
	}
	return out[0], nil
}

// IssueBatch signs tokens: all of them or, with an error, none. Each is recorded
// before it exists.
func (s *Service) IssueBatch(ctx context.Context, c access.Caller, app uint32, wishes []Wish) ([]Issued, error) {
	out := make([]Issued, min(len(wishes), MaxBatch))
	if err := s.issue(ctx, c, app, wishes, out); err != nil {
		return nil, err
	}
	return out, nil
}

// issue is IssueBatch into out, which has room for what is allowed.
func (s *Service) issue(ctx context.Context, c access.Caller, app uint32, wishes []Wish, out []Issued) error {
	entries, err := s.admitIssue(ctx, c, app, wishes)
	if err != nil {
		return err
	}
	m, at, err := s.signerFor(ctx, app, wishes)
	if wish, ok := errors.AsType[*WishError](err); ok {
		return s.refuse(ctx, entries[wish.Index], err)
	}
	if err != nil {
		return s.refuse(ctx, entries[0], err)
	}
	for i, w := range wishes {
		if w.Grant == nil && !m.mayIssue(c, w.UserID) {
			return s.deny(ctx, c, entries[i])
		}
		if out[i], err = m.sign(w, at); err != nil {
			return s.refuse(ctx, entries[i], &WishError{i, len(wishes), err})
		}
	}
	// Recorded before they leave: a token that is not in the log is in nobody's hands.
	return s.record(ctx, entries...)
}

// mayIssue reports whether a caller who may be issued UserSigs may be issued this
// user's. An administrator's may revoke. Neither who can only issue must get it, nor who
// can choose their name at the identity provider.
func (m *member) mayIssue(c access.Caller, user string) bool {
	return !slices.Contains(m.record.App.Settings.Admins, user) || c.May(access.RevokeUser, m.record.App.ID, user)
}

// admitIssue checks that the caller may have each of the tokens, and drafts what the
// log will say of them.
func (s *Service) admitIssue(ctx context.Context, c access.Caller, app uint32, wishes []Wish) ([]*audit.Entry, error) {
	if len(wishes) == 0 || len(wishes) > MaxBatch {
		e := s.entry(c, access.IssueUserSig, app, c.UserID)
		if !c.May(e.Action, app, c.UserID) {
			return nil, s.deny(ctx, c, e)
		}
		return nil, s.refuse(ctx, e, invalid("a batch has 1 to %d user IDs", MaxBatch))
	}
	entries := make([]*audit.Entry, len(wishes))
	for i, w := range wishes {
		e := s.entry(c, access.IssueUserSig, app, w.UserID)
		if w.Grant != nil {
			e.Action, e.Detail = access.IssueTicket, "room "+cut(w.Grant.Room.String())
		}
		if !c.May(e.Action, app, w.UserID) {
			return nil, s.deny(ctx, c, e)
		}
		entries[i] = e
	}
	return entries, nil
}

// signerOf returns an application that runs and whose signing key is hosted.
func (s *Service) signerOf(app uint32) (*member, error) {
	if err := s.fresh(); err != nil {
		return nil, err
	}
	m, err := s.member(app)
	switch {
	case err != nil:
		return nil, err
	case m.record.App.State != Running:
		return nil, fmt.Errorf("%w: application %d is stopped", ErrConflict, app)
	case m.broken != nil:
		return nil, fmt.Errorf("%w: %w", errBroken, m.broken)
	case m.signing == "":
		return nil, fmt.Errorf("%w: application %d has no signing key; rotate", ErrConflict, app)
	case m.signer == nil:
		return nil, fmt.Errorf("%w: application %d signs with its own private_key", ErrNoSigner, app)
	}
	return m, nil
}

// dayTicket is how long a PrivateMapKey lives unless told otherwise. Shorter ones
// fail users who change their role late.
const dayTicket = 24 * time.Hour

func (m *member) sign(w Wish, at time.Time) (Issued, error) {
	longest := time.Duration(m.record.App.Settings.MaxTTL) * time.Second
	if w.TTL == 0 {
		if w.TTL = longest; w.Grant != nil {
			w.TTL = min(longest, dayTicket)
		}
	}
	if m.record.App.Settings.UserIDs == "portable" && !usersig.PortableUserID(w.UserID) {
		return Issued{}, fmt.Errorf("%w: this application allows letters, digits, '_' and '-' in user IDs, 32 at most; user_ids in its settings can be any", usersig.ErrInvalidClaims)
	}
	var room [512]byte // most tokens fit
	token, err := m.signer.AppendSign(room[:0], usersig.Claims{UserID: w.UserID, TTL: w.TTL, IssuedAt: at, Grant: w.Grant})
	if err != nil {
		return Issued{}, err
	}
	ttl := w.TTL.Truncate(time.Second)
	return Issued{Token: string(token), UserID: w.UserID, IssuedAt: at, ExpiresAt: at.Add(ttl), KeyID: m.signing, Scheme: m.signer.Scheme(), Grant: w.Grant}, nil
}
