package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/pgtest"
	"usersig/server/internal/store/postgres"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(storetest.CrashEnv); url != "" {
		fmt.Fprintln(os.Stderr, commitForEver(url))
		os.Exit(1)
	}
	os.Exit(pgtest.Main(m))
}

func commitForEver(url string) error {
	s, err := postgres.Open(context.Background(), url, &postgres.Options{Init: true})
	if err != nil {
		return err
	}
	return storetest.Crash(s, os.Stdout)
}

func TestCrash(t *testing.T) {
	url := pgtest.URL(t)
	storetest.RunCrash(t, 15, url, func(t testing.TB) storetest.Checked {
		s, err := postgres.Open(t.Context(), url, &postgres.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}, func(t testing.TB) storetest.Checked { return open(t, url) })
}

func TestOpenRefuses(t *testing.T) {
	empty, newer, older, closed := pgtest.URL(t), pgtest.URL(t), pgtest.URL(t), pgtest.URL(t)
	shut(t, open(t, newer))
	shut(t, open(t, older))
	pgtest.Exec(t, older, "UPDATE usersig.migrations SET version = version - 1")
	pgtest.Exec(t, newer, "INSERT INTO usersig.migrations (version) VALUES (99)")
	pgtest.Exec(t, empty, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
	with := func(change func(*url.URL)) string {
		u, err := url.Parse(closed)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	for _, c := range []struct {
		url     string
		options *postgres.Options
		want    string
		outage  bool
	}{
		{empty, nil, "use --init once", false},
		{newer, nil, "version 99", false},
		{newer, &postgres.Options{Init: true}, "version 99", false},
		{empty, &postgres.Options{ReadOnly: true, Init: true}, "use --init once", false},
		{newer, &postgres.Options{ReadOnly: true}, "version 99", false},
		{older, &postgres.Options{ReadOnly: true}, "start the server of this program's version once", false},
		{with(func(u *url.URL) { u.Path = "/latin" }), &postgres.Options{Init: true}, "must have UTF8", true},
		{with(func(u *url.URL) { u.Path = "/nowhere" }), nil, "does not exist", true},
		{with(func(u *url.URL) { u.User = url.UserPassword("tester", "hunter2") }), nil, "password authentication failed", true},
		{with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), nil, "refused", true},
		{"", nil, "not of the form", false},
		{"host=127.0.0.1 password=hunter2", nil, "not of the form", false},
		{"mysql://user:hunter2@127.0.0.1/db", nil, "not of the form", false},
		{"postgres://user:hunter2/x@127.0.0.1/db", nil, "not of the form", false},
		{"postgres://user:12/hunter2@127.0.0.1/db", nil, "not of the form", false},
		{"postgres://user:hunter2%zz@127.0.0.1/db", nil, "not of the form", false},
		{"postgres://user:hunter2@127.0.0.1:port/db", nil, "not of the form", false},
		{"postgres://user:hunter2@127.0.0.1/db?sslmode=perhaps", nil, "not of the form", false},
	} {
		s, err := postgres.Open(t.Context(), c.url, c.options)
		if err == nil || s != nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, issuer.ErrUnavailable) != c.outage {
			t.Errorf("Open = %v, %v, want an error with %q, that of an outage: %t", s, err, c.want, c.outage)
			continue
		}
		for _, secret := range []string{"hunter2", pgtest.Password(t, closed)} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the password: %v", err)
			}
		}
	}
}

func TestNodesStartAtOnce(t *testing.T) {
	url := pgtest.URL(t)
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			s, err := postgres.Open(t.Context(), url, &postgres.Options{Init: true})
			if err != nil {
				t.Errorf("Open = %v", err)
				return
			}
			if err := revoke(t.Context(), s, "alice"); err != nil {
				t.Errorf("Commit = %v", err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		})
	}
	group.Wait()
	s := open(t, url)
	defer shut(t, s)
	if n := revocations(t, s, "alice"); n != 6 {
		t.Errorf("there were %d commits, want 6", n)
	}
}

// A database that was told to lose commits when the power fails is told otherwise.
func TestSessionSettings(t *testing.T) {
	url := pgtest.URL(t)
	name := url[strings.LastIndex(url, "/")+1 : strings.Index(url, "?")]
	pgtest.Exec(t, url, "ALTER DATABASE "+name+" SET synchronous_commit = off")
	config, err := postgres.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), config.ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	if err := config.AfterConnect(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{
		"synchronous_commit": "on", "statement_timeout": "30s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "10s",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v, want %s", setting, got, err, want)
		}
	}
}

func TestWhatHasEndedIsForgotten(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	defer shut(t, s)
	pgtest.Exec(t, url, "INSERT INTO usersig.once SELECT 'old' || i, 'value', i FROM generate_series(1, 80) AS i")
	err := s.Commit(t.Context(), nil, func(tx issuer.Tx) error {
		for i := range 10 {
			if _, err := tx.Once(fmt.Sprint("new", i), "value", noon, noon.AddDate(0, 0, 1)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, url, `DO $$ BEGIN ASSERT (SELECT count(*) FROM usersig.once) = 10; END $$`)
}

func TestAppIDsRunOut(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	defer shut(t, s)
	pgtest.Exec(t, url, "UPDATE usersig.head SET next_app = 4294967296")
	err := s.Commit(t.Context(), nil, func(tx issuer.Tx) error {
		id, err := tx.NextAppID()
		if err == nil || id != 0 {
			t.Errorf("NextAppID after the last = %d, %v", id, err)
		}
		return err
	})
	if !errors.Is(err, issuer.ErrConflict) || errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Commit = %v, want %v, which does not pass", err, issuer.ErrConflict)
	}
}

// An auditor reads with a role that may do nothing else, and changes nothing whoever they
// are: an older database is for the server to bring up to date.
func TestReadOnly(t *testing.T) {
	owner := pgtest.URL(t)
	s := open(t, owner)
	defer shut(t, s)
	if err := revoke(t.Context(), s, "alice"); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, owner, `CREATE ROLE auditor LOGIN PASSWORD 'auditor'; GRANT USAGE ON SCHEMA usersig TO auditor;
		GRANT SELECT ON usersig.migrations, usersig.head, usersig.audit, usersig.audit_apps TO auditor`)
	auditor, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	auditor.User = url.UserPassword("auditor", "auditor")
	for _, who := range []string{owner, auditor.String()} {
		r, err := postgres.Open(t.Context(), who, &postgres.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Audit(t.Context(), 0, 0, 10); err != nil || len(got) != 1 {
			t.Errorf("Audit = %d entries, %v, want 1", len(got), err)
		}
		if n, err := storetest.CheckLog(t.Context(), r); err != nil || n != 1 {
			t.Errorf("CheckLog = %d entries, %v, want 1", n, err)
		}
		if err := revoke(t.Context(), r, "bob"); err == nil {
			t.Error("a store that is open for reading took a commit")
		}
		shut(t, r)
	}
	if n := revocations(t, s, "bob"); n != 0 {
		t.Errorf("there are %d commits of a reader", n)
	}
}

func TestTamperingShows(t *testing.T) {
	storetest.RunTampering(t, func(t *testing.T) storetest.Victim {
		url := pgtest.URL(t)
		with := func(o *postgres.Options) func() (storetest.Checked, error) {
			return func() (storetest.Checked, error) { return postgres.Open(t.Context(), url, o) }
		}
		return storetest.Victim{
			Open: with(&postgres.Options{Init: true}), Read: with(&postgres.Options{ReadOnly: true}),
			Exec:   func(statements string) { pgtest.Exec(t, url, statements) },
			Tables: "usersig.", Force: "SET session_replication_role = replica; ",
		}
	})
}

func TestCheckedWhileWritten(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	defer shut(t, s)
	reader, err := postgres.Open(t.Context(), url, &postgres.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, reader)
	storetest.RunCheckedWhileWritten(t, s, reader)
}
