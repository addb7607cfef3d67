package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usersig"
)

// Recheck gives the server's verdict on a token that was verified before, without its
// text. It is for sessions that a token has opened and that must end with it. The answer
// is nil exactly when that of [Service.Verdict] on the token would be now, or if its key
// was killed and the sessions kept.
//
// A refusal has the code, the reason and the check that Verdict's would have; its message
// is the reason's alone. A PrivateMapKey that is over is refused as expired, whichever of
// its two expiry times has come. The lock on whoever fails too often does not count
// here: nobody is guessing.
func (s *Service) Recheck(_ context.Context, p Proof) error {
	if err := s.fresh(); err != nil {
		return err
	}
	m, err := s.member(p.App)
	if err != nil || m.record.App.State != Running {
		return refusal(usersig.ErrAppUnknown)
	}
	if m.broken != nil {
		return fmt.Errorf("%w: %w", errBroken, m.broken)
	}
	now := s.clock()
	if !m.keptSessions(p.KeyID) {
		if m.verifier == nil {
			return refusal(usersig.ErrNoKey)
		}
		if err := m.recheckKey(p, now); err != nil {
			return refusalTo(p.Purpose, err)
		}
	}
	const leeway = int64(usersig.DefaultLeeway / time.Second) // as of the verifiers here
	switch {
	case p.IssuedAt.Unix()-leeway > now.Unix():
		err = usersig.ErrNotYetValid
	case now.Unix()-leeway > p.ExpiresAt.Unix():
		err = usersig.ErrExpired
	default:
		err = s.standing(m.users, p.UserID, p.IssuedAt)
	}
	if err != nil {
		return refusalTo(p.Purpose, err)
	}
	return nil
}

// recheckKey returns nil if the key that verified the token is alive. If not, it matters
// to the refusal whether there are others that would have been tried.
func (m *member) recheckKey(p Proof, now time.Time) error {
	if m.live(p.KeyID, now) {
		return nil
	}
	scheme := p.Scheme.String()
	if slices.ContainsFunc(m.record.Keys, func(k Key) bool { return k.Scheme == scheme && k.live(now) }) {
		return usersig.ErrSignature
	}
	return usersig.ErrNoKey
}

// keptSessions reports whether a key was killed and its sessions kept.
func (m *member) keptSessions(id string) bool {
	return slices.ContainsFunc(m.record.Keys, func(k Key) bool { return k.ID == id && k.State == Dead && k.KeepSessions })
}

// refusalTo makes the refusal that who asked for a purpose gets: the client SDK has one
// code for whatever is wrong with a PrivateMapKey.
func refusalTo(asked usersig.Purpose, err error) error {
	r, ok := usersig.RefusalOf(err)
	if !ok {
		return err
	}
	if asked == usersig.PrivateMapKey {
		ticket, _ := usersig.RefusalOf(usersig.ErrNoGrant)
		r.TRTC = ticket.TRTC
	}
	return &r
}

// Settings returns the settings of an application that runs, for a caller inside this
// process that has no identity of its own. For one that is stopped, deleted or was never
// there the error is the refusal "app_unknown", as of [Service.Verdict]: a door lets
// nobody in there, and need not know why. What is returned must not be changed.
func (s *Service) Settings(app uint32) (Settings, error) {
	if err := s.fresh(); err != nil {
		return Settings{}, err
	}
	m, err := s.member(app)
	if err != nil || m.record.App.State != Running {
		return Settings{}, refusal(usersig.ErrAppUnknown)
	}
	return m.record.App.Settings, nil
}
