package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"usersig/server/internal/access"
)

// Killing is a wish to end a key.
type Killing struct {
	KeyID   string
	Reason  string
	Replace bool // whether another key signs from now on, if this one did
	// KeepSessions lets those stay whom the key has let in. Nobody comes in with it any
	// more, either way.
	KeepSessions bool
}

// Killed is a key that was ended.
type Killed struct {
	Key      Key
	By       *Rotated // the key that signs in its place, if one was wished for
	Replayed bool
	evicts   bool // sessions that were kept before end now
}

// KillKey ends a key at once: nothing it signed is valid from now on. If it was the
// signing key and another is wished for, that is one that was published before, or a
// new one.
//
// Whoever kills a key again for the same reason gets the same answer, but for a
// handout: they may have missed the first. Whoever kills it again without keeping sessions
// that were kept ends those.
func (s *Service) KillKey(ctx context.Context, c access.Caller, app uint32, w Killing) (Killed, error) {
	var out Killed
	e := s.entry(c, access.KillKey, app, w.KeyID)
	err := s.doWithKey(ctx, c, e, func(tx Tx, made material) error {
		return s.withApp(tx, app, func(r *Record) (err error) {
			out, err = s.kill(ctx, r, c, w, made)
			e.Detail = out.detail(w, err)
			return err
		})
	})
	if err != nil {
		return Killed{}, err
	}
	return out, nil
}

// detail is what the log says. The reason is the caller's, and hides nothing behind it.
func (k *Killed) detail(w Killing, err error) string {
	switch {
	case errors.Is(err, errSame):
		return replayed
	case w.KeepSessions:
		return cut(w.Reason) + "; sessions kept"
	case k.evicts:
		return cut(w.Reason) + "; sessions end"
	}
	return cut(w.Reason)
}

func (s *Service) kill(ctx context.Context, r *Record, c access.Caller, w Killing, made material) (Killed, error) {
	i := slices.IndexFunc(r.Keys, func(k Key) bool { return k.ID == w.KeyID })
	now := s.clock().UTC()
	switch {
	case w.Reason == "":
		return Killed{}, invalid("a key is killed for a reason: give one")
	case i < 0:
		return Killed{}, fmt.Errorf("key %.32q: %w", w.KeyID, ErrNotFound)
	case r.Keys[i].public(now).State == Dead:
		return r.killedBefore(&r.Keys[i], w, now)
	}
	signed := r.Keys[i].State == Signing
	r.Keys[i].end(Dead, now, c.ID, w.Reason)
	r.Keys[i].KeepSessions = w.KeepSessions
	out := Killed{Key: r.Keys[i].public(now)}
	if !signed || !w.Replace {
		return out, nil
	}
	by, err := s.rotate(ctx, r, c, Rotation{Reason: "key " + w.KeyID + " was killed"}, made)
	out.By = &by
	return out, err
}

// killedBefore answers who kills a key again. If nothing changes, that is an error.
func (r *Record) killedBefore(k *Key, w Killing, now time.Time) (Killed, error) {
	evicts := k.KeepSessions && !w.KeepSessions
	out := Killed{Replayed: !evicts, evicts: evicts}
	signing := r.key(Signing)
	switch {
	case !evicts && (k.Reason != cut(w.Reason) || k.KeepSessions != w.KeepSessions):
		return Killed{}, fmt.Errorf("%w: key %s is dead already", ErrConflict, k.ID)
	case w.Replace && signing == nil:
		return Killed{}, fmt.Errorf("%w: key %s is dead already, and no key signs; rotate", ErrConflict, k.ID)
	case w.Replace:
		out.By = &Rotated{Key: signing.public(now), Replayed: true}
	}
	k.KeepSessions = w.KeepSessions
	out.Key = k.public(now)
	if evicts {
		return out, nil
	}
	return out, errSame
}
