package sqlite_test

import (
	"path/filepath"
	"testing"

	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/sqlite"
)

// open opens the database at path, which need not exist.
func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, &sqlite.Options{Init: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) issuer.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
}

func TestReopen(t *testing.T) {
	storetest.RunReopen(t, func(t testing.TB) (issuer.Store, func() issuer.Store) {
		path := filepath.Join(t.TempDir(), "state.db")
		return open(t, path), func() issuer.Store { return open(t, path) }
	})
}

func TestServicesOfOneProcess(t *testing.T) {
	storetest.RunNodes(t, func(t testing.TB) (a, b issuer.Store) {
		s := open(t, filepath.Join(t.TempDir(), "state.db"))
		return s, s
	})
}
