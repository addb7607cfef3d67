package issuer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
)

// sealCheck is the action, in the audit log, of sealing what later tells whether a KEK is
// the store's. No API leads to it.
const sealCheck access.Action = "kek.check"

// checkKEK refuses a KEK that is not the store's. A node with one of its own would seal
// new keys so that no other node opens them, and lose them with its disk.
//
// A KMS cannot be told from one that is out of reach; that is logged and no reason not to
// verify tokens.
func (s *Service) checkKEK(ctx context.Context) error {
	r := s.ring.Load()
	if shut := r.shut(); len(shut) > 0 {
		return fmt.Errorf("%v is not what the keys of %d applications were sealed under, first %d: %w",
			s.kek, len(shut), shut[0], custody.ErrKEK)
	}
	platform := r.apps[Platform]
	if platform == nil {
		return nil // Init seals it
	}
	if platform.record.KEKCheck == nil {
		s.addCheck(ctx)
		return nil
	}
	err := custody.OpenCheck(ctx, s.kek, platform.record.KEKCheck)
	if errors.Is(err, custody.ErrKEK) || errors.Is(err, custody.ErrSealed) {
		return fmt.Errorf("%v is not the KEK of this store: %w", s.kek, err)
	}
	if err != nil {
		s.log.WarnContext(ctx, "the KEK cannot be checked", "err", err)
	}
	return nil
}

// shut returns the applications whose keys are under another KEK.
func (r *ring) shut() []uint32 {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.broken)), func(app uint32) bool {
		return !errors.Is(r.broken[app].broken, custody.ErrKEK)
	})
}

// addCheck seals what [Service.Init] seals today for a store that is older than that. If
// it cannot, the next start tries again.
func (s *Service) addCheck(ctx context.Context) {
	check, err := custody.SealCheck(ctx, s.kek)
	if err == nil {
		e := &audit.Entry{At: s.clock(), Caller: "server", Action: sealCheck, Outcome: audit.Done}
		err = s.store.Commit(ctx, []*audit.Entry{e}, func(tx Tx) error {
			r, err := tx.App(Platform)
			if err != nil || r.KEKCheck != nil {
				return err
			}
			r.KEKCheck = check
			return tx.PutApp(r)
		})
	}
	if err != nil {
		s.log.WarnContext(ctx, "the store has no check of its KEK yet", "err", err)
	}
}

// KEKLost is the reason of a key that was ended because nothing opens it.
const KEKLost = "KEK lost"

// Forget ends a key whose private half nothing opens any more.
func (k *Key) Forget(now time.Time, by string) { k.end(Dead, now, by, KEKLost) }
