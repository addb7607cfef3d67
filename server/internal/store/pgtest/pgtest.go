// Package pgtest runs a PostgreSQL server for tests: a real one, started by the test
// binary in a temporary folder and on a free port of the loopback interface, and
// stopped with it, even if the binary is killed.
//
// It fails when PostgreSQL is not installed. A test that is skipped proves nothing.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the one server of a test binary.
var shared = sync.OnceValues(func() (*server, error) {
	started.Store(true)
	return start()
})

var (
	started   atomic.Bool
	databases atomic.Int64
)

// Main runs the tests and stops the server. It is what TestMain calls:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	if !started.Load() {
		return code
	}
	if s, err := shared(); err == nil {
		if err := s.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return max(code, 1)
		}
	}
	return code
}

// URL returns the URL of a new, empty database on the server that all tests of a binary
// share. Its user may do everything.
func URL(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	// Template 0 takes any encoding.
	Exec(t, s.url("postgres"), "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'")
	return s.url(name)
}

// Exec runs a statement at a database.
func Exec(t testing.TB, url, statement string) {
	t.Helper()
	if err := execute(t.Context(), url, statement); err != nil {
		t.Fatalf("pgtest: %s: %v", statement, err)
	}
}

func execute(ctx context.Context, url, statement string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, statement).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// Password returns the password in a URL, for tests that look for it where it must not
// be.
func Password(t testing.TB, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	password, _ := u.User.Password()
	if strings.TrimSpace(password) == "" {
		t.Fatal("pgtest: the URL has no password")
	}
	return password
}
