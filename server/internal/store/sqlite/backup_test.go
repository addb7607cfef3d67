package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/sqlite"
)

func TestBackupWhileCommitting(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "state.db"))
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		var last int64
		for {
			e := &audit.Entry{Action: "usersig.issue", App: 1, Outcome: audit.Done}
			if err := s.Commit(context.Background(), []*audit.Entry{e}, nil); err != nil {
				t.Errorf("Commit during a backup = %v", err)
			}
			last = e.Seq
			select {
			case <-stop:
				done <- last
				return
			default:
			}
		}
	}()
	put(t, s, 1)
	copied := filepath.Join(folder, "copy.db")
	if err := s.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	close(stop)
	last := <-done
	shut(t, s)
	checkIntegrity(t, copied)

	restored, err := sqlite.Open(t.Context(), copied, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := storetest.Verify(t, restored, 100); n < 1 || n > last {
		t.Errorf("the copy has %d entries, want 1 to %d", n, last)
	}
	if c, err := restored.Changes(t.Context(), 0); err != nil || len(c.Apps) != 1 {
		t.Errorf("Changes of the copy = %+v, %v, want the application", c, err)
	}
	put(t, restored, 2)
	shut(t, restored)
}

func TestBackupOverwritesNothing(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "state.db"))
	defer shut(t, s)
	taken := filepath.Join(folder, "taken")
	if err := os.WriteFile(taken, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), taken); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Backup over a file = %v, want that it exists", err)
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "precious" {
		t.Errorf("the file is %q, %v", text, err)
	}
}

func TestFailedBackupLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "state.db"))
	defer shut(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Backup(ctx, filepath.Join(folder, "copy.db")); err == nil {
		t.Error("Backup with a context that has ended = nil")
	}
	left, err := filepath.Glob(filepath.Join(folder, "copy.db*"))
	if err != nil || len(left) != 0 {
		t.Errorf("a failed backup leaves %v, %v", left, err)
	}
	if err := s.Backup(t.Context(), filepath.Join(folder, "no", "such", "folder")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Backup to a folder that is not there = %v", err)
	}
}
