package storetest

import (
	"fmt"
	"testing"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// Bench measures commits that only record, with few and many entries, and one that
// revokes a user.
func Bench(b *testing.B, open func(testing.TB) issuer.Store) {
	s := open(b)
	defer func() {
		if err := s.Close(); err != nil {
			b.Errorf("Close = %v", err)
		}
	}()
	for _, size := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("record=%d", size), func(b *testing.B) {
			batch := entries(issuer.FirstAppID, size)
			for b.Loop() {
				if err := s.Commit(b.Context(), batch, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
	b.Run("revoke", func(b *testing.B) {
		batch := []*audit.Entry{entry(issuer.FirstAppID, "alice")}
		for b.Loop() {
			err := s.Commit(b.Context(), batch, func(tx issuer.Tx) error {
				u, err := tx.User(issuer.FirstAppID, "alice")
				if err != nil {
					return err
				}
				u.RevokedTo++
				return tx.PutUser(issuer.FirstAppID, "alice", u)
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("poll", func(b *testing.B) {
		seq := changes(b, s, 0).Seq
		for b.Loop() {
			changes(b, s, seq)
		}
	})
}
