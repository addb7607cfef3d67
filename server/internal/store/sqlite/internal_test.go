package sqlite

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

func openTemp(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), &Options{Init: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return s
}

// value reads one number from the writer's connection.
func (s *Store) value(t *testing.T, query string) (n int) {
	t.Helper()
	if err := s.writer.conn.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (s *Store) record(t *testing.T, act func(issuer.Tx) error) error {
	t.Helper()
	return s.Commit(t.Context(), []*audit.Entry{{Action: "app.update", App: 1, Outcome: audit.Done}}, act)
}

// What makes a commit survive a power failure cannot be tried here. It can be looked at.
func TestCommitsAreSynced(t *testing.T) {
	s := openTemp(t)
	const full = 2
	for pragma, want := range map[string]int{"synchronous": full, "fullfsync": 1, "checkpoint_fullfsync": 1, "foreign_keys": 1} {
		if got := s.value(t, "PRAGMA "+pragma); got != want {
			t.Errorf("PRAGMA %s = %d, want %d", pragma, got, want)
		}
	}
}

func TestDatabaseFull(t *testing.T) {
	s := openTemp(t)
	if err := s.record(t, nil); err != nil {
		t.Fatal(err)
	}
	s.value(t, fmt.Sprintf("PRAGMA max_page_count = %d", s.value(t, "PRAGMA page_count")+3))
	big := func(tx issuer.Tx) error {
		return tx.PutApp(&issuer.Record{App: issuer.App{ID: 1, Name: strings.Repeat("x", 100_000)}})
	}
	for range 3 {
		if err := s.record(t, big); !errors.Is(err, issuer.ErrUnavailable) {
			t.Errorf("Commit to a full database = %v, want ErrUnavailable", err)
		}
	}
	if err := s.record(t, nil); err != nil {
		t.Errorf("small Commit = %v", err)
	}
	s.value(t, "PRAGMA max_page_count = 100000")
	if err := s.record(t, big); err != nil {
		t.Errorf("Commit when there is room = %v", err)
	}
	if c, err := s.Changes(t.Context(), 0); err != nil || c.Seq != 3 || len(c.Apps) != 1 {
		t.Errorf("Changes up to %d with %d applications, %v, want 3 and 1", c.Seq, len(c.Apps), err)
	}
}

// A connection that fails in an unexpected way is given up and made anew.
func TestWriterIsReplaced(t *testing.T) {
	s := openTemp(t)
	if err := s.writer.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.record(t, nil); err == nil {
		t.Error("Commit on a closed connection = nil")
	}
	for range 2 {
		if err := s.record(t, nil); err != nil {
			t.Errorf("Commit after it = %v", err)
		}
	}
}

func TestAppIDsRunOut(t *testing.T) {
	s := openTemp(t)
	if err := s.exec(t.Context(), fmt.Sprintf("UPDATE head SET next_app = %d", uint32(math.MaxUint32))); err != nil {
		t.Fatal(err)
	}
	next := func() (id uint32, err error) {
		err = s.record(t, func(tx issuer.Tx) (err error) {
			id, err = tx.NextAppID()
			return err
		})
		return id, err
	}
	if id, err := next(); id != math.MaxUint32 || err != nil {
		t.Errorf("the last NextAppID = %d, %v", id, err)
	}
	for range 2 {
		if id, err := next(); id != 0 || !errors.Is(err, errAppIDs) || !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("NextAppID after the last = %d, %v", id, err)
		}
	}
}

func TestWhatHasEndedIsForgotten(t *testing.T) {
	s := openTemp(t)
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	remember := func(prefix string, n int, now time.Time) {
		err := s.Commit(t.Context(), nil, func(tx issuer.Tx) error {
			for i := range n {
				if _, err := tx.Once(fmt.Sprint(prefix, i), "value", now, now.Add(time.Minute)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	remember("a", 80, now)
	remember("b", 10, now.Add(time.Hour))
	if n := s.value(t, "SELECT count(*) FROM once"); n != 10 {
		t.Errorf("%d are remembered, want the 10 that have not ended", n)
	}
}
