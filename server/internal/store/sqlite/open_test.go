package sqlite_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/sqlite"
)

// raw runs statements at a database without the store.
func raw(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

func checkIntegrity(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var answer string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&answer); err != nil || answer != "ok" {
		t.Errorf("integrity_check = %q, %v", answer, err)
	}
}

func put(t *testing.T, s issuer.Store, id uint32) {
	t.Helper()
	e := &audit.Entry{Action: "app.create", App: id, Outcome: audit.Done}
	err := s.Commit(t.Context(), []*audit.Entry{e}, func(tx issuer.Tx) error {
		return tx.PutApp(&issuer.Record{App: issuer.App{ID: id}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func shut(t *testing.T, s issuer.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	raw(t, in("foreign.db"), "CREATE TABLE notes (text TEXT)")
	raw(t, in("other.db"), "PRAGMA application_id = 7")
	shut(t, open(t, in("newer.db")))
	raw(t, in("newer.db"), "PRAGMA user_version = 99")
	for name, text := range map[string]string{"empty.db": "", "text.db": strings.Repeat("this is no database ", 100)} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		options *sqlite.Options
		want    string
	}{
		{"missing.db", nil, "use --init once"},
		{"missing.db", &sqlite.Options{ReadOnly: true}, "use --init once"},
		{"missing.db", &sqlite.Options{ReadOnly: true, Init: true}, "use --init once"},
		{"no/such/folder.db", nil, "use --init once"},
		{"empty.db", nil, "it is empty"},
		{"empty.db", &sqlite.Options{ReadOnly: true}, "another program"},
		{"foreign.db", &sqlite.Options{Init: true}, "another program"},
		{"other.db", &sqlite.Options{Init: true}, "another program"},
		{"text.db", &sqlite.Options{Init: true}, "not a database"},
		{"newer.db", nil, "version 99"},
		{"newer.db", &sqlite.Options{Init: true}, "version 99"},
		{"newer.db", &sqlite.Options{ReadOnly: true}, "version 99"},
	} {
		before := contents(t, in(c.name))
		s, err := sqlite.Open(t.Context(), in(c.name), c.options)
		if after := contents(t, in(c.name)); after != before {
			t.Errorf("Open(%s, %+v) has changed the file that it refused", c.name, c.options)
		}
		if err == nil || s != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(%s, %+v) = %v, %v, want an error with %q", c.name, c.options, s, err, c.want)
		}
	}
	if _, err := os.Stat(in("missing.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a database was made without being asked for: %v", err)
	}
	shut(t, open(t, in("empty.db"))) // and nothing keeps it locked
}

// contents returns what is in a file, nothing if there is none.
func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestFilesArePrivate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	path := filepath.Join(folder, "state.db")
	s := open(t, path)
	put(t, s, 1)
	if err := s.Backup(t.Context(), path+".copy"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		folder: 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + ".lock": 0o600, path + ".tail": 0o600,
		path + ".copy": 0o600,
	} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("the mode of %s is %v, %v, want %v", filepath.Base(name), info.Mode().Perm(), err, want)
		}
	}
	shut(t, s)
}

func TestPathOfAnyCharacters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory#c%20d&'小明", "state?x=1.db")
	s := open(t, path)
	put(t, s, 1)
	shut(t, s)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	s = open(t, path)
	if n := storetest.Verify(t, s, 10); n != 1 {
		t.Errorf("the log has %d entries, want 1", n)
	}
	shut(t, s)
}

func TestOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	first := open(t, path)
	put(t, first, 1)
	if s, err := sqlite.Open(t.Context(), path, nil); !errors.Is(err, issuer.ErrUnavailable) || s != nil ||
		!strings.Contains(err.Error(), "another process") {
		t.Errorf("second Open = %v, %v, want that another process has it", s, err)
	}
	reader, err := sqlite.Open(t.Context(), path, &sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	put(t, first, 2)
	if n := storetest.Verify(t, reader, 10); n != 2 {
		t.Errorf("the reader finds %d entries, want 2", n)
	}
	if err := reader.Commit(t.Context(), []*audit.Entry{{Action: "x"}}, nil); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Commit to a store opened for reading = %v, want ErrUnavailable", err)
	}
	if err := reader.Backup(t.Context(), path+".copy"); err != nil {
		t.Errorf("Backup by a reader = %v", err)
	}
	shut(t, first)
	if n := storetest.Verify(t, reader, 10); n != 2 { // the writer has taken the WAL away
		t.Errorf("the reader finds %d entries, want 2", n)
	}
	shut(t, reader)
	second := open(t, path)
	put(t, second, 3)
	shut(t, second)
	alone, err := sqlite.Open(t.Context(), path, &sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if n := storetest.Verify(t, alone, 10); n != 3 {
		t.Errorf("a reader alone finds %d entries, want 3", n)
	}
	shut(t, alone)
}

func TestTamperingShows(t *testing.T) {
	storetest.RunTampering(t, func(t *testing.T) storetest.Victim {
		path := filepath.Join(t.TempDir(), "state.db")
		with := func(o *sqlite.Options) func() (storetest.Checked, error) {
			return func() (storetest.Checked, error) { return sqlite.Open(t.Context(), path, o) }
		}
		return storetest.Victim{
			Open: with(&sqlite.Options{Init: true}), Read: with(&sqlite.Options{ReadOnly: true}),
			Exec: func(statements string) { raw(t, path, statements) }, Tables: "main.",
		}
	})
}

func TestCheckedWhileWritten(t *testing.T) {
	for _, lag := range []time.Duration{0, time.Millisecond, time.Hour} {
		path := filepath.Join(t.TempDir(), "state.db")
		s := openWith(t, path, &sqlite.Options{Init: true, Lag: lag})
		reader := openWith(t, path, &sqlite.Options{ReadOnly: true})
		storetest.RunCheckedWhileWritten(t, s, reader)
		shut(t, reader)
		shut(t, s)
	}
}
