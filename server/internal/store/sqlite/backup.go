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
	if err := errors.Join(s.copyTo(ctx, partial), syncFile(partial)); err != nil {
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

// copyTo copies the database and then the tail into the copy. The tail is read first: what
// leaves it in the meantime is in the database then.
func (s *Store) copyTo(ctx context.Context, path string) error {
	text, err := readTail(s.path)
	if err != nil {
		return outage(err)
	}
	if err := s.vacuumInto(ctx, path); err != nil || text == "" {
		return err
	}
	db, err := sql.Open("sqlite", (&Store{path: path}).source("rw"))
	if err != nil {
		return err
	}
	w := &writer{db: db}
	return outage(errors.Join(w.complete(ctx, text), w.close()))
}

// complete adds a tail to the log.
func (w *writer) complete(ctx context.Context, text string) (err error) {
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	block, err := follow(ctx, w.conn, text)
	if err != nil || block.Lines == "" {
		return err
	}
	if err := w.prepare(ctx); err != nil {
		return err
	}
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return err
	}
	if err := w.add(ctx, block); err != nil {
		return err
	}
	_, err = w.commit.ExecContext(ctx)
	return err
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
