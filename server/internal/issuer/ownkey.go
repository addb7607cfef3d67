package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usersig"
	"usersig/server/internal/access"
)

// OwnKey is a public key of the customer's own, whose private half is not here.
type OwnKey struct {
	PEM []byte
	// Whether it becomes the signing key, at once or with the next rotation. Otherwise it
	// verifies only. One of a hosted application never signs: issuing would end.
	Sign, SignNext bool
	// IdempotencyKey, if not empty, makes a repetition of the request within a day
	// return the key again.
	IdempotencyKey string
}

// Imported is a key that was added.
type Imported struct {
	Key      Key
	Replayed bool
}

// text tells one wish from another, and says in the log what the key may do.
func (w *OwnKey) text() string {
	switch {
	case w.Sign:
		return "signs"
	case w.SignNext:
		return "signs from the next rotation"
	}
	return "verifies"
}

// ImportKey adds a public key of the customer's own. It verifies at once. If it is there
// and only verifies, it can be imported again to sign.
func (s *Service) ImportKey(ctx context.Context, c access.Caller, app uint32, w OwnKey) (Imported, error) {
	e := s.entry(c, access.ImportKey, app, "")
	if err := s.admit(ctx, c, e); err != nil {
		return Imported{}, err
	}
	public, err := usersig.ParsePublicKey(w.PEM)
	if err == nil && w.Sign && w.SignNext {
		err = invalid("a key signs at once or from the next rotation on")
	}
	if err != nil {
		return Imported{}, s.refuse(ctx, e, err)
	}
	e.Subject = public.ID()
	var out Imported
	err = s.commit(ctx, e, func(tx Tx) error {
		once := s.once(tx, e.Action, c, w.IdempotencyKey, fmt.Sprintf("%d %s %s", app, public.ID(), w.text()))
		before, err := once.before()
		if err != nil {
			return err
		}
		return s.withApp(tx, app, func(r *Record) error {
			if before != "" {
				e.Detail, out.Replayed = replayed, true
				out.Key, err = r.keyBefore(before, s.clock())
				return err
			}
			if out.Key, err = r.take(public, &w, c, s.clock().UTC()); err != nil {
				return err
			}
			e.Detail = w.text()
			return once.makes(out.Key.ID)
		})
	})
	if err != nil {
		return Imported{}, err
	}
	return out, nil
}

// take adds a public key whose private half is elsewhere.
func (r *Record) take(public *usersig.PublicKey, w *OwnKey, c access.Caller, now time.Time) (Key, error) {
	if (w.Sign || w.SignNext) && r.App.Settings.Custody == CustodyHosted {
		return Key{}, fmt.Errorf("%w: the server signs for this application, and cannot with this key: import it to verify only", ErrConflict)
	}
	k := r.waiting(public.ID())
	if k == nil || !w.Sign && !w.SignNext {
		err := r.add(Key{
			ID: public.ID(), Scheme: usersig.SchemeECDSA.String(), Curve: public.Curve().String(), State: Next,
			Public: string(public.EncodePEM()), Imported: true, CreatedAt: now, CreatedBy: c.ID,
		}, now)
		if err != nil {
			return Key{}, err
		}
		k = &r.Keys[len(r.Keys)-1]
	}
	switch next := r.next(); {
	case w.Sign:
		r.promote(k.ID, now, nil, c.ID, "key "+k.ID+" was imported")
	case w.SignNext && next != nil:
		return Key{}, fmt.Errorf("%w: key %s is published already and signs from the next rotation on", ErrConflict, next.ID)
	case w.SignNext:
		k.SignNext = true
	}
	return k.public(now), nil
}

// VerifiesOnly reports whether the key was imported and will not sign unless somebody says
// so.
func (k *Key) VerifiesOnly() bool { return k.Imported && k.State == Next && !k.SignNext }

// waiting returns the key with this ID if it was imported and does not sign yet, or nil.
func (r *Record) waiting(id string) *Key {
	i := slices.IndexFunc(r.Keys, func(k Key) bool { return k.ID == id && k.Imported && k.State == Next })
	if i < 0 {
		return nil
	}
	return &r.Keys[i]
}
