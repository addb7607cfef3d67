package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/sqlite"
)

func BenchmarkStore(b *testing.B) {
	for _, lag := range []time.Duration{0, time.Second} {
		b.Run("lag="+lag.String(), func(b *testing.B) {
			storetest.Bench(b, func(t testing.TB) issuer.Store {
				return openWith(t, filepath.Join(t.TempDir(), "state.db"), &sqlite.Options{Init: true, Lag: lag})
			})
		})
	}
}
