package issuer

import (
	"context"
	"time"
)

const (
	sweepEvery = time.Hour
	sweepBatch = 256 // rows of one transaction, which others wait for

	// keepEnded is how long it is remembered that a block has ended. A node that was cut
	// off from the store must hear of it when it comes back: from a row that is gone it
	// cannot, and would keep a block that was lifted until it is restarted.
	keepEnded = 30 * 24 * time.Hour
)

// sweep forgets users of whom nothing is known that counts, until ctx ends: what is known
// of users is in memory, and must not grow with each one that was ever blocked.
//
// Those who were revoked stay. A key that is held elsewhere can have signed tokens of any
// length, and there is no instant from which a verifier would refuse them all by itself.
func (s *Service) sweep(ctx context.Context) {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if err := s.forgetUsers(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "users not forgotten", "err", err)
		}
	}
}

// over reports whether nothing that counts is known of a user any more.
func (m *member) over(u User, now time.Time) bool {
	if m.record.App.State == Deleted {
		return true // no token of it is good
	}
	return u.RevokedTo == 0 && now.Sub(u.BlockedUntil) > keepEnded
}

// knownUser is what memory says of a user.
type knownUser struct {
	id   string
	user User
}

func (s *Service) forgetUsers(ctx context.Context) error {
	now := s.clock()
	for app, m := range s.ring.Load().apps {
		var batch []knownUser
		var err error
		m.users.Range(func(id, v any) bool {
			if u := v.(User); m.over(u, now) {
				batch = append(batch, knownUser{id.(string), u})
			}
			if len(batch) == sweepBatch {
				err = s.forget(ctx, app, m, batch, now)
				batch = batch[:0]
			}
			return err == nil
		})
		if err == nil && len(batch) > 0 {
			err = s.forget(ctx, app, m, batch, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// forget drops users from the store and then from memory, unless the store knows better
// or memory has learned more since. Other nodes are not told: each finds out by itself.
func (s *Service) forget(ctx context.Context, app uint32, m *member, batch []knownUser, now time.Time) error {
	keep := make(map[string]bool)
	err := s.store.Commit(ctx, nil, func(tx Tx) error {
		clear(keep)
		for _, k := range batch {
			u, err := tx.User(app, k.id)
			if err != nil {
				return err
			}
			if !m.over(u, now) {
				keep[k.id] = true
			} else if err := tx.DropUser(app, k.id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range batch {
		if !keep[k.id] {
			m.users.CompareAndDelete(k.id, k.user)
		}
	}
	return nil
}
