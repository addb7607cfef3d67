package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usersig"
	"usersig/democonfig"
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
	out, err := s.IssueBatch(ctx, c, app, []Wish{w})
	if err != nil {
		return Issued{}, err
	}
	return out[0], nil
}

// IssueBatch signs tokens: all of them or, with an error, none. Each is recorded
// before it exists.
func (s *Service) IssueBatch(ctx context.Context, c access.Caller, app uint32, wishes []Wish) ([]Issued, error) {
	entries, err := s.admitIssue(ctx, c, app, wishes)
	if err != nil {
		return nil, err
	}
	m, err := s.signerOf(app)
	if err != nil {
		return nil, s.refuse(ctx, entries[0], err)
	}
	if c.UserID != "" && slices.Contains(m.record.App.Settings.Admins, c.UserID) {
		// An administrator's UserSig may revoke. Whoever can choose their name at the
		// identity provider must not get one.
		return nil, s.deny(ctx, entries[0])
	}
	out := make([]Issued, len(wishes))
	for i, w := range wishes {
		if out[i], err = s.sign(m, w); err != nil {
			return nil, s.refuse(ctx, entries[i], fmt.Errorf("user ID %d of %d: %w", i+1, len(wishes), err))
		}
	}
	// Recorded before they leave: a token that is not in the log is in nobody's hands.
	if err := s.journal.record(ctx, entries...); err != nil {
		return nil, fmt.Errorf("cannot record the tokens: %w", err)
	}
	return out, nil
}

// admitIssue checks that the caller may have each of the tokens, and drafts what the
// log will say of them.
func (s *Service) admitIssue(ctx context.Context, c access.Caller, app uint32, wishes []Wish) ([]*audit.Entry, error) {
	if len(wishes) == 0 || len(wishes) > MaxBatch {
		e := s.entry(c, access.IssueUserSig, app, c.UserID)
		if !c.May(e.Action, app, c.UserID) {
			return nil, s.deny(ctx, e)
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
			return nil, s.deny(ctx, e)
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
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, m.broken)
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

func (s *Service) sign(m *member, w Wish) (Issued, error) {
	longest := time.Duration(m.record.App.Settings.MaxTTL) * time.Second
	if w.TTL == 0 {
		if w.TTL = longest; w.Grant != nil {
			w.TTL = min(longest, dayTicket)
		}
	}
	if m.record.App.Settings.UserIDs == "portable" && !usersig.PortableUserID(w.UserID) {
		return Issued{}, fmt.Errorf("%w: this application allows letters, digits, '_' and '-' in user IDs, 32 at most", usersig.ErrInvalidClaims)
	}
	at := s.issueTime(m, w.UserID)
	token, err := m.signer.Sign(usersig.Claims{UserID: w.UserID, TTL: w.TTL, IssuedAt: at, Grant: w.Grant})
	if err != nil {
		return Issued{}, err
	}
	ttl := w.TTL.Truncate(time.Second)
	return Issued{Token: token, UserID: w.UserID, IssuedAt: at, ExpiresAt: at.Add(ttl), KeyID: m.signing, Scheme: m.signer.Scheme(), Grant: w.Grant}, nil
}

// issueTime dates a token: now, but after the second up to which the user's tokens
// are void. Seconds are coarse, and a token issued right after a revocation must
// work.
func (s *Service) issueTime(m *member, user string) time.Time {
	at := s.clock().UTC().Truncate(time.Second)
	if after := m.user(user).RevokedTo + 1; at.Unix() < after {
		return time.Unix(after, 0).UTC()
	}
	return at
}

// DemoConfig issues UserSigs for the users of a demo config.
func (s *Service) DemoConfig(ctx context.Context, c access.Caller, app uint32, platform string, users int, ttl time.Duration) (democonfig.Config, error) {
	e := s.entry(c, access.IssueDemo, app, "")
	e.Detail = fmt.Sprintf("%d users", users)
	if !c.May(e.Action, app, "") {
		return democonfig.Config{}, s.deny(ctx, e)
	}
	m, err := s.signerOf(app)
	if err != nil {
		return democonfig.Config{}, s.refuse(ctx, e, err)
	}
	if ttl == 0 {
		ttl = min(usersig.DefaultMaxTTL, time.Duration(m.record.App.Settings.MaxTTL)*time.Second)
	}
	config, err := democonfig.New(m.compact, platform, users, ttl, s.clock())
	if err != nil {
		return democonfig.Config{}, s.refuse(ctx, e, err)
	}
	if err := s.journal.record(ctx, e); err != nil {
		return democonfig.Config{}, fmt.Errorf("cannot record the tokens: %w", err)
	}
	return config, nil
}
