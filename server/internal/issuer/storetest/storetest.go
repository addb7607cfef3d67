// Package storetest holds the promises of [issuer.Store] as tests. Every store runs
// them. A promise that is not here does not exist.
package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// patience is how long a test waits for what must happen. What a store promises within
// a second has [promptly].
const (
	patience = 30 * time.Second
	promptly = time.Second
)

// noon is the time of day in all tests: nothing here looks at the clock.
var noon = time.Date(2026, time.November, 23, 12, 0, 0, 123456789, time.UTC)

// Run checks that a store keeps every promise that can be seen through one store. Open
// returns an empty one; Run closes it.
func Run(t *testing.T, open func(testing.TB) issuer.Store) {
	for _, test := range slices.Concat(commitTests, auditTests, changesTests, recordTests, lifeTests) {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close = %v", err)
				}
			})
			test.check(t, s)
		})
	}
}

type test struct {
	name  string
	check func(*testing.T, issuer.Store)
}

// entry returns an audit entry about app.
func entry(app uint32, subject string) *audit.Entry {
	return &audit.Entry{
		At: noon, Caller: "apikey:1", Source: "192.0.2.1", Request: "r-1",
		Action: "app.update", App: app, Subject: subject, Outcome: audit.Done,
	}
}

// entries returns n entries about app.
func entries(app uint32, n int) []*audit.Entry {
	list := make([]*audit.Entry, n)
	for i := range list {
		list[i] = entry(app, "alice")
	}
	return list
}

// commit runs act in a commit with one entry and returns that entry's number.
func commit(t *testing.T, s issuer.Store, act func(issuer.Tx) error) int64 {
	t.Helper()
	e := entry(0, "")
	if err := s.Commit(t.Context(), []*audit.Entry{e}, act); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	return e.Seq
}

// putApp commits a record with a name and returns the number of its entry.
func putApp(t *testing.T, s issuer.Store, id uint32, name string) int64 {
	t.Helper()
	return commit(t, s, func(tx issuer.Tx) error { return tx.PutApp(record(id, name)) })
}

func record(id uint32, name string) *issuer.Record {
	return &issuer.Record{App: issuer.App{ID: id, Name: name, State: issuer.Running, CreatedAt: noon, UpdatedAt: noon}}
}

// putUser commits what is known about a user and returns the number of its entry.
func putUser(t *testing.T, s issuer.Store, app uint32, user string, revoked int64) int64 {
	t.Helper()
	return commit(t, s, func(tx issuer.Tx) error {
		return tx.PutUser(app, user, issuer.User{RevokedTo: revoked})
	})
}

// getApp reads a record in a commit of its own, which puts nothing.
func getApp(t *testing.T, s issuer.Store, id uint32) (r *issuer.Record, err error) {
	t.Helper()
	if failed := s.Commit(t.Context(), nil, func(tx issuer.Tx) error {
		r, err = tx.App(id)
		if errors.Is(err, issuer.ErrNotFound) {
			return nil
		}
		return err
	}); failed != nil {
		t.Fatalf("Commit that only reads = %v", failed)
	}
	return r, err
}

// changes returns what changed since, in an order that can be compared.
func changes(t testing.TB, s issuer.Store, since int64) issuer.Changes {
	t.Helper()
	c, err := s.Changes(t.Context(), since)
	if err != nil {
		t.Fatalf("Changes(%d) = %v", since, err)
	}
	slices.SortFunc(c.Apps, func(a, b *issuer.Record) int { return int(a.App.ID) - int(b.App.ID) })
	slices.SortFunc(c.Users, func(a, b issuer.UserRow) int {
		return 1000*(int(a.App)-int(b.App)) + strings.Compare(a.UserID, b.UserID)
	})
	return c
}

// page reads a page of the audit log.
func page(t testing.TB, s issuer.Store, app uint32, after int64, limit int) []audit.Entry {
	t.Helper()
	list, err := s.Audit(t.Context(), app, after, limit)
	if err != nil {
		t.Fatalf("Audit(%d, %d, %d) = %v", app, after, limit, err)
	}
	return list
}

// Verify reads the whole audit log, a page of limit entries at a time, checks the chain
// and returns how many entries there are.
func Verify(t testing.TB, s issuer.Store, limit int) int64 {
	t.Helper()
	var checker audit.Checker
	for {
		seq, _ := checker.Head()
		list := page(t, s, 0, seq, limit)
		for _, e := range list {
			if err := checker.Next(e); err != nil {
				t.Fatalf("the audit log in pages of %d: %v", limit, err)
			}
		}
		if len(list) < limit {
			seq, _ := checker.Head()
			return seq
		}
	}
}

// wait fails the test if nothing comes out of c in time. It reports whether c is open.
func wait(t *testing.T, what string, limit time.Duration, c <-chan struct{}) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	select {
	case _, open := <-c:
		return open
	case <-ctx.Done():
		t.Fatalf("%s: nothing for %v", what, limit)
		return false
	}
}
