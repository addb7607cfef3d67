package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes a copy of the database, as it is at one moment, to a new file at path
// that only its owner can read. Commits go on meanwhile.
//
// The copy is a database like the original: to restore it, stop the daemon and put it in
// the place of the old one, after the files whose names end in -wal and -shm are removed.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := s.backup(ctx, path); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, path string) (err error) {
	// The name is taken first, so that nothing is overwritten, and gets its contents
	// last, so that half a copy is never taken for a whole one.
	if err := reserve(path); err != nil {
		return err
	}
	partial := path + ".partial"
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := reserve(partial); err != nil {
		return err
	}
	if err := errors.Join(s.vacuumInto(ctx, partial), syncFile(partial)); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	if err := os.Rename(partial, path); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return syncFolder(filepath.Dir(path))
}

// reserve makes an empty file, which VACUUM INTO is content with.
func reserve(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return f.Close()
}

// vacuumInto uses a connection of its own: those of the readers refuse to write, and
// the writer's is busy.
func (s *Store) vacuumInto(ctx context.Context, path string) error {
	mode := "rw"
	if s.options.ReadOnly {
		mode = "ro"
	}
	db, err := sql.Open("sqlite", s.source(mode))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", path)
	return outage(errors.Join(err, db.Close()))
}

// syncFile makes sure that the copy is on the disk, which VACUUM INTO does not.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
