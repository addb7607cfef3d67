package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/custody"
)

// material is a new key, made before the transaction that may store it.
type material struct {
	private *usersig.PrivateKey
	secret  *usersig.Secret
}

func generate(t Settings) (m material, err error) {
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

// handout returns what the customer gets of new material: the private key that
// nobody keeps here, or the SECRETKEY. A hosted private key never leaves.
func (m material) handout(t Settings) Handout {
	if m.private != nil && t.Custody == CustodyHosted {
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
func (s *Service) newKey(ctx context.Context, app uint32, c access.Caller, t Settings, m material) (Key, error) {
	k := Key{ID: m.signing().ID(), Scheme: t.Scheme, State: Next, CreatedAt: s.clock().UTC(), CreatedBy: c.ID}
	if m.private != nil {
		k.Curve, k.Public = m.private.Curve().String(), string(m.private.Public().EncodePEM())
	}
	if t.Custody != CustodyHosted {
		return k, nil
	}
	var err error
	k.Sealed, err = custody.Seal(ctx, s.kek, app, m.signing())
	return k, err
}

// end retires or kills a key. The private half of one that only verifies from now on
// is dropped.
func (k *Key) end(state KeyState, now time.Time, by, reason string) {
	k.State, k.EndedAt, k.EndedBy, k.Reason = state, &now, by, cut(reason)
	if k.Public != "" || state == Dead {
		k.Sealed = nil
	}
}

// live returns how many keys verify at an instant.
func (r *Record) live(now time.Time) (n int) {
	for _, k := range r.Keys {
		if k.State == Next || k.State == Signing || k.State == Retired && now.Before(*k.RetireAt) {
			n++
		}
	}
	return n
}

func (r *Record) key(state KeyState) *Key {
	i := slices.IndexFunc(r.Keys, func(k Key) bool { return k.State == state })
	if i < 0 {
		return nil
	}
	return &r.Keys[i]
}

// add appends a key, unless there would be more than a verifier takes: it tries
// every key, so each one costs.
func (r *Record) add(k Key, now time.Time) error {
	if slices.ContainsFunc(r.Keys, func(o Key) bool { return o.ID == k.ID }) {
		return fmt.Errorf("%w: key %s was there before, and a key never comes back", ErrConflict, k.ID)
	}
	if r.live(now) >= usersig.MaxKeys {
		return fmt.Errorf("%w: %d keys are live; kill one or wait until one retires", ErrConflict, usersig.MaxKeys)
	}
	r.Keys = append(r.Keys, k)
	return nil
}

// promote makes the key with the given ID sign. The one that did so far verifies
// for as long as overlap says.
func (r *Record) promote(id string, now time.Time, overlap time.Duration, by, reason string) {
	for i := range r.Keys {
		k := &r.Keys[i]
		switch {
		case k.ID == id:
			k.State = Signing
		case k.State == Signing:
			at := now.Add(overlap)
			k.end(Retired, now, by, reason)
			k.RetireAt = &at
		}
	}
}

// Keys returns the keys of an application, dead ones included, without what is
// sealed.
func (s *Service) Keys(ctx context.Context, c access.Caller, app uint32) ([]Key, error) {
	if err := s.read(ctx, c, access.ReadApp, app); err != nil {
		return nil, err
	}
	m, err := s.member(app)
	if err != nil {
		return nil, err
	}
	keys := slices.Clone(m.record.Keys)
	for i := range keys {
		keys[i] = keys[i].public(s.clock())
	}
	return keys, nil
}

// public returns the key as it is shown: without its sealed half, and dead once its
// time is over.
func (k Key) public(now time.Time) Key {
	k.Sealed = nil
	if k.State == Retired && !now.Before(*k.RetireAt) {
		k.State = Dead
	}
	return k
}

// Rotation is a wish for a new signing key.
type Rotation struct {
	// Overlap is how long the old key goes on verifying. Nil means as long as the
	// longest token it can have signed lives.
	Overlap *time.Duration
	// Prepare only publishes the new key to verifiers. The next rotation makes it sign.
	Prepare bool
	Reason  string
}

// Rotated is what a rotation led to.
type Rotated struct {
	Key     Key
	Handout Handout // empty if the key is one that was published before
}

// RotateKey makes a new key sign, or one that was published before. Of two rotations
// at once both take effect, one after the other.
func (s *Service) RotateKey(ctx context.Context, c access.Caller, app uint32, w Rotation) (Rotated, error) {
	m, err := s.member(app)
	e := s.entry(c, access.RotateKey, app, "")
	if !c.May(e.Action, app, "") {
		return Rotated{}, s.deny(ctx, e)
	}
	if err != nil {
		return Rotated{}, err
	}
	settings := m.record.App.Settings
	made, err := generate(settings)
	if err != nil {
		return Rotated{}, err
	}
	var out Rotated
	err = s.do(ctx, c, e, func(tx Tx) error {
		return s.withApp(tx, app, func(r *Record) error {
			out = Rotated{}
			err := s.rotate(ctx, r, c, w, made, settings, &out)
			e.Subject, e.Detail = out.Key.ID, cut(w.Reason)
			return err
		})
	})
	if err != nil {
		return Rotated{}, err
	}
	return out, nil
}

func (s *Service) rotate(ctx context.Context, r *Record, c access.Caller, w Rotation, made material, t Settings, out *Rotated) error {
	now := s.clock().UTC()
	overlap := time.Duration(r.App.Settings.MaxTTL) * time.Second
	if w.Overlap != nil {
		overlap = *w.Overlap
	}
	if overlap < 0 || overlap > usersig.LongestTTL {
		return invalid("overlap is negative or over 50 years")
	}
	next := r.key(Next)
	if w.Prepare && next != nil {
		return fmt.Errorf("%w: key %s is published already and signs from the next rotation on", ErrConflict, next.ID)
	}
	if next == nil {
		k, err := s.newKey(ctx, r.App.ID, c, t, made)
		if err != nil {
			return err
		}
		if err := r.add(k, now); err != nil {
			return err
		}
		next, out.Handout = &r.Keys[len(r.Keys)-1], made.handout(t)
	}
	id := next.ID
	if !w.Prepare {
		r.promote(id, now, overlap, c.ID, w.Reason)
	}
	i := slices.IndexFunc(r.Keys, func(k Key) bool { return k.ID == id })
	out.Key = r.Keys[i].public(now)
	return nil
}

// KillKey ends a key at once: nothing it signed is valid from now on. If it was the
// signing key and replace is set, another one signs: one that was published before,
// or a new one.
func (s *Service) KillKey(ctx context.Context, c access.Caller, app uint32, id, reason string, replace bool) (killed Key, by *Rotated, err error) {
	m, err := s.member(app)
	e := s.entry(c, access.KillKey, app, id)
	e.Detail = cut(reason)
	if !c.May(e.Action, app, "") {
		return Key{}, nil, s.deny(ctx, e)
	}
	if err != nil {
		return Key{}, nil, err
	}
	made, err := generate(m.record.App.Settings)
	if err != nil {
		return Key{}, nil, err
	}
	err = s.do(ctx, c, e, func(tx Tx) error {
		return s.withApp(tx, app, func(r *Record) error {
			killed, by, err = s.kill(ctx, r, c, id, reason, replace, made)
			return err
		})
	})
	if err != nil {
		return Key{}, nil, err
	}
	return killed, by, nil
}

func (s *Service) kill(ctx context.Context, r *Record, c access.Caller, id, reason string, replace bool, made material) (Key, *Rotated, error) {
	i := slices.IndexFunc(r.Keys, func(k Key) bool { return k.ID == id })
	switch {
	case reason == "":
		return Key{}, nil, invalid("a key is killed for a reason: give one")
	case i < 0:
		return Key{}, nil, fmt.Errorf("key %.32q: %w", id, ErrNotFound)
	case r.Keys[i].State == Dead:
		return Key{}, nil, fmt.Errorf("%w: key %s is dead already", ErrConflict, id)
	}
	now, signed := s.clock().UTC(), r.Keys[i].State == Signing
	r.Keys[i].end(Dead, now, c.ID, reason)
	killed := r.Keys[i].public(now)
	if !signed || !replace {
		return killed, nil, nil
	}
	by := new(Rotated)
	err := s.rotate(ctx, r, c, Rotation{Reason: "key " + id + " was killed"}, made, r.App.Settings, by)
	return killed, by, err
}

// ImportKey adds a public key of the customer's own, whose private half is not here.
// It verifies at once; if sign is set, or no key signs, it becomes the signing key.
func (s *Service) ImportKey(ctx context.Context, c access.Caller, app uint32, pem []byte, sign bool) (Key, error) {
	e := s.entry(c, access.ImportKey, app, "")
	if !c.May(e.Action, app, "") {
		return Key{}, s.deny(ctx, e)
	}
	public, err := usersig.ParsePublicKey(pem)
	if err != nil {
		return Key{}, err
	}
	e.Subject = public.ID()
	var out Key
	err = s.do(ctx, c, e, func(tx Tx) error {
		return s.withApp(tx, app, func(r *Record) error {
			now := s.clock().UTC()
			k := Key{
				ID: public.ID(), Scheme: usersig.SchemeECDSA.String(), Curve: public.Curve().String(), State: Next,
				Public: string(public.EncodePEM()), Imported: true, CreatedAt: now, CreatedBy: c.ID,
			}
			if err := r.add(k, now); err != nil {
				return err
			}
			if sign || r.key(Signing) == nil {
				r.promote(k.ID, now, time.Duration(r.App.Settings.MaxTTL)*time.Second, c.ID, "key "+k.ID+" was imported")
			}
			out = r.Keys[len(r.Keys)-1].public(now)
			return nil
		})
	})
	if err != nil {
		return Key{}, err
	}
	return out, nil
}
