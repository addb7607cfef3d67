package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usersig"
	"usersig/server/internal/access"
)

// Rotation is a wish for a new signing key.
type Rotation struct {
	// Overlap is how long the old key goes on verifying. Nil means as long as the
	// longest token it can have signed lives, under whatever settings it signed.
	Overlap *time.Duration
	// Prepare only publishes the new key to verifiers. The next rotation makes it sign.
	Prepare bool
	Reason  string
	// IdempotencyKey, if not empty, makes a repetition of the request within a day
	// return the key that the first one led to, without its handout.
	IdempotencyKey string
}

// text tells one wish from another.
func (w *Rotation) text(app uint32) string {
	overlap := "longest"
	if w.Overlap != nil {
		overlap = w.Overlap.String()
	}
	return fmt.Sprintf("%d %s %t %q", app, overlap, w.Prepare, w.Reason)
}

// Rotated is what a rotation led to.
type Rotated struct {
	Key      Key
	Handout  Handout // empty if the key is one that was published before, or if Replayed
	Replayed bool
}

// RotateKey makes a new key sign, or one that was published before. Of two rotations
// at once both take effect, one after the other.
func (s *Service) RotateKey(ctx context.Context, c access.Caller, app uint32, w Rotation) (Rotated, error) {
	var out Rotated
	e := s.entry(c, access.RotateKey, app, "")
	err := s.doWithKey(ctx, c, e, func(tx Tx, made material) error {
		once := s.once(tx, e.Action, c, w.IdempotencyKey, w.text(app))
		before, err := once.before()
		if err != nil {
			return err
		}
		return s.withApp(tx, app, func(r *Record) error {
			if before != "" {
				e.Subject, e.Detail, out = before, replayed, Rotated{Replayed: true}
				out.Key, err = r.keyBefore(before, s.clock())
				return err
			}
			if out, err = s.rotate(ctx, r, c, w, made); err != nil {
				return err
			}
			e.Subject, e.Detail = out.Key.ID, cut(w.Reason)
			return once.makes(out.Key.ID)
		})
	})
	if err != nil {
		return Rotated{}, err
	}
	return out, nil
}

// keyBefore returns the key that an earlier request made, as it is now.
func (r *Record) keyBefore(id string, now time.Time) (Key, error) {
	i := slices.IndexFunc(r.Keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, fmt.Errorf("%w: the key that this request made is gone", ErrConflict)
	}
	return r.Keys[i].public(now), errSame
}

func (s *Service) rotate(ctx context.Context, r *Record, c access.Caller, w Rotation, made material) (out Rotated, err error) {
	now := s.clock().UTC()
	if w.Overlap != nil && (*w.Overlap < 0 || *w.Overlap > usersig.LongestTTL) {
		return Rotated{}, invalid("overlap is negative or over 50 years")
	}
	next := r.next()
	if w.Prepare && next != nil {
		return Rotated{}, fmt.Errorf("%w: key %s is published already and signs from the next rotation on", ErrConflict, next.ID)
	}
	if next == nil {
		if next, err = s.addKey(ctx, r, c, made, now); err != nil {
			return Rotated{}, err
		}
		out.Handout = made.handout()
	}
	if !w.Prepare {
		r.promote(next.ID, now, w.Overlap, c.ID, w.Reason)
	}
	out.Key = next.public(now)
	return out, nil
}

// addKey adds new material to a record.
func (s *Service) addKey(ctx context.Context, r *Record, c access.Caller, made material, now time.Time) (*Key, error) {
	if !made.fits(r.App.Settings) {
		return nil, &otherSettings{r.App.Settings}
	}
	k, err := s.newKey(ctx, r.App.ID, c, made)
	if err != nil {
		return nil, err
	}
	if err := r.add(k, now); err != nil {
		return nil, err
	}
	return &r.Keys[len(r.Keys)-1], nil
}
