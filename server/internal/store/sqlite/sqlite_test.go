package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/sqlite"
)

// open opens the database at path, which need not exist.
func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	return openWith(t, path, &sqlite.Options{Init: true})
}

// lagging does not wait for the disk. A millisecond is long enough for a tail, and short
// enough for a test to see it go.
var lagging = &sqlite.Options{Init: true, Lag: time.Millisecond}

func openWith(t testing.TB, path string, options *sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) issuer.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
}

func TestStoreThatLags(t *testing.T) {
	for _, lag := range []time.Duration{time.Millisecond, time.Hour} {
		storetest.Run(t, func(t testing.TB) issuer.Store {
			return openWith(t, filepath.Join(t.TempDir(), "state.db"), &sqlite.Options{Init: true, Lag: lag})
		})
	}
}

func TestReopen(t *testing.T) {
	for _, options := range []*sqlite.Options{{Init: true}, lagging} {
		storetest.RunReopen(t, func(t testing.TB) (issuer.Store, func() issuer.Store) {
			path := filepath.Join(t.TempDir(), "state.db")
			return openWith(t, path, options), func() issuer.Store { return open(t, path) }
		})
	}
}

func TestServicesOfOneProcess(t *testing.T) {
	storetest.RunNodes(t, func(t testing.TB) (a, b issuer.Store) {
		s := openWith(t, filepath.Join(t.TempDir(), "state.db"), lagging)
		return s, s
	})
}
