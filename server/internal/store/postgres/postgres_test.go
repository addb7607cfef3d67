package postgres_test

import (
	"testing"
	"time"

	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/pgtest"
	"usersig/server/internal/store/postgres"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// open opens the database at url, which may be empty.
func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, &postgres.Options{Init: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) issuer.Store { return open(t, pgtest.URL(t)) })
}

func TestReopen(t *testing.T) {
	storetest.RunReopen(t, func(t testing.TB) (issuer.Store, func() issuer.Store) {
		url := pgtest.URL(t)
		return open(t, url), func() issuer.Store { return open(t, url) }
	})
}

func TestNodes(t *testing.T) {
	storetest.RunNodes(t, func(t testing.TB) (a, b issuer.Store) {
		url := pgtest.URL(t)
		return open(t, url), open(t, url)
	})
}
