package sqlite_test

import (
	"path/filepath"
	"testing"

	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(t testing.TB) issuer.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
}
