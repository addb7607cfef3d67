package issuer

import (
	"context"
	"errors"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
)

// material is a new key, made before the transaction that may store it, and the settings
// by which it was made.
type material struct {
	private *usersig.PrivateKey
	secret  *usersig.Secret
	by      Settings
}

func generate(t Settings) (material, error) {
	m := material{by: t}
	var err error
	if t.Scheme == usersig.SchemeHMAC.String() {
		m.secret, err = usersig.GenerateSecret()
		return m, err
	}
	curve, err := usersig.ParseCurve(t.Curve)
	if err != nil {
		return material{}, err
	}
	m.private, err = usersig.GenerateKey(curve)
	return m, err
}

// fits reports whether material is what would be made by the settings t.
func (m material) fits(t Settings) bool {
	return m.by.Scheme == t.Scheme && m.by.Curve == t.Curve && m.by.Custody == t.Custody
}

// handout returns what the customer gets of new material: the private key that
// nobody keeps here, or the SECRETKEY. A hosted private key never leaves.
func (m material) handout() Handout {
	if m.private != nil && m.by.Custody == CustodyHosted {
		return Handout{}
	}
	return Handout{Private: m.private, Secret: m.secret}
}

func (m material) signing() usersig.SigningKey {
	if m.secret != nil {
		return m.secret
	}
	return m.private
}

// newKey returns the record of new material: sealed if it is to be hosted.
func (s *Service) newKey(ctx context.Context, app uint32, c access.Caller, m material) (Key, error) {
	k := Key{ID: m.signing().ID(), Scheme: m.by.Scheme, State: Next, CreatedAt: s.clock().UTC(), CreatedBy: c.ID}
	if m.private != nil {
		k.Curve, k.Public = m.private.Curve().String(), string(m.private.Public().EncodePEM())
	}
	if m.by.Custody != CustodyHosted {
		return k, nil
	}
	var err error
	k.Sealed, err = custody.Seal(ctx, s.kek, app, m.signing())
	return k, err
}

// otherSettings is the answer of an act whose material does not fit the settings that
// are in force by now.
type otherSettings struct{ Settings }

func (*otherSettings) Error() string { return "the settings changed in the meantime; try again" }
func (*otherSettings) Unwrap() error { return ErrConflict }

// mostTries bounds how often a key is made for one request.
const mostTries = 4

// doWithKey is do for acts that may need a new key. It is made outside the transaction,
// by the settings as they are known here. If the act finds others in force it is made
// again: a key described by settings that it was not made by could not be used, or would
// stay where it must not.
func (s *Service) doWithKey(ctx context.Context, c access.Caller, e *audit.Entry, act func(Tx, material) error) error {
	if err := s.admit(ctx, c, e); err != nil {
		return err
	}
	m, err := s.member(e.App)
	if err != nil {
		return s.refuse(ctx, e, err)
	}
	settings := m.record.App.Settings
	for range mostTries {
		var made material
		if made, err = generate(settings); err != nil {
			break
		}
		err = s.try(ctx, e, func(tx Tx) error { return act(tx, made) })
		other, changed := errors.AsType[*otherSettings](err)
		if !changed {
			break
		}
		settings = other.Settings
	}
	if err != nil {
		return s.refuse(ctx, e, err)
	}
	return nil
}
