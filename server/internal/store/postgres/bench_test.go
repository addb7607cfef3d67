package postgres_test

import (
	"testing"

	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/pgtest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(t testing.TB) issuer.Store { return open(t, pgtest.URL(t)) })
}
