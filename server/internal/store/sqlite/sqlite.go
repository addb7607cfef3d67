// Package sqlite keeps an issuer's state in a SQLite file of one process.
//
// What lies in the folder, for a database called state.db:
//
//	state.db         the state; 0600
//	state.db-wal     commits that are not in it yet
//	state.db-shm     an index of these; worthless when no process runs
//	state.db.tail    the latest audit entries of what changed nothing, if they are not in either yet
//	state.db.lock    locked by the process that may write
//
// Whoever can read them learns names, settings, public keys, sealed keys, hashes of API
// keys and the audit log. Whoever can write them decides who is revoked and which keys
// are good.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// Options are what [Open] can be told. Nil is the zero value.
type Options struct {
	// Init allows a database that does not exist to be created, with its folder.
	// Without it a missing file is taken for a wrong path: an empty database would
	// revive every revoked user.
	Init bool
	// ReadOnly opens a database that another process may be writing, to read its audit
	// log or to back it up. Commits are refused.
	ReadOnly bool
	// Lag is how long entries of what changes nothing may be on their way to the disk
	// when Commit returns: the operating system has them, so that they survive the death of
	// the process, but not that of the machine. If zero, Commit waits for the disk.
	Lag time.Duration
}

// Store is an [issuer.Store] in a SQLite file.
type Store struct {
	path    string
	options Options
	file    os.FileInfo // of the database, as it was opened
	lock    io.Closer   // nil if read-only
	readers *sql.DB

	turn   chan struct{} // held by who may use writer, the one commit that runs
	writer *writer       // nil until the next commit opens it, and always if read-only
	tail   *tail         // nil if read-only
	armed  bool          // flush will be called
	late   bool          // the disk did not take in time what it should: nothing is appended until it does
	closed atomic.Bool
	last   atomic.Int64 // number of the last entry
	fsync  func(path string) error

	watchers watchers
}

// Open opens the database at path. It fails if another process has it open for writing.
func Open(ctx context.Context, path string, options *Options) (*Store, error) {
	s := &Store{turn: make(chan struct{}, 1), fsync: syncFile}
	if options != nil {
		s.options = *options
	}
	var err error
	if s.path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.open(ctx); err != nil {
		_ = s.release() // why it does not open is known
		return nil, fmt.Errorf("open store %s: %w", s.path, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
	if s.options.Init && !s.options.ReadOnly {
		if err := create(s.path); err != nil {
			return outage(err)
		}
	}
	if s.file, err = os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: check the path, or use --init once to create an empty one", fs.ErrNotExist)
	} else if err != nil {
		return outage(err)
	}
	if !s.options.ReadOnly {
		if s.lock, err = lockFile(s.path + ".lock"); err != nil {
			return err
		}
		if s.writer, err = s.openWriter(ctx); err != nil {
			return err
		}
		if err := s.openTail(ctx); err != nil {
			return outage(err)
		}
	}
	if s.readers, err = s.openReaders(); err != nil {
		return err
	}
	return s.checkVersion(ctx)
}

// create makes an empty file, and its folder, that only their owner can read, unless
// it is there already.
func create(path string) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return syncFolder(folder)
}

// Changes implements [issuer.Store].
func (s *Store) Changes(ctx context.Context, since int64) (issuer.Changes, error) {
	var changes issuer.Changes
	last := s.last.Load() // before the database is read: what is put later has a higher number
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		changes, err = readChanges(ctx, tx, since)
		return err
	})
	if err != nil {
		return issuer.Changes{}, err
	}
	changes.Seq = max(changes.Seq, last)
	return changes, nil
}

// Audit implements [issuer.Store].
func (s *Store) Audit(ctx context.Context, app uint32, after int64, limit int) ([]audit.Entry, error) {
	// The tail comes first: what leaves it in the meantime is in the database then.
	text, err := readTail(s.path)
	if err != nil {
		return nil, outage(err)
	}
	var page []audit.Entry
	err = s.read(ctx, func(tx *sql.Tx) (err error) {
		page, err = row.Page(log{ctx, tx, text}, app, after, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// CheckLog calls f for each entry of the audit log, in order, until it fails, and compares
// the log with its head, its index and the tail, all at one moment. The error is f's, or
// wraps [audit.ErrBroken] if the log was tampered with.
func (s *Store) CheckLog(ctx context.Context, f func(audit.Entry) error) error {
	text, err := readTail(s.path)
	if err != nil {
		return outage(err)
	}
	return s.read(ctx, func(tx *sql.Tx) error { return check(ctx, tx, row.NewCheck(f), text) })
}

// read runs f in a transaction, in which the database stands still.
func (s *Store) read(ctx context.Context, f func(*sql.Tx) error) error {
	if s.closed.Load() {
		return errClosed
	}
	if err := s.inPlace(); err != nil {
		return err
	}
	err := s.snapshot(ctx, f)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // SQLite says only that it was interrupted
	}
	return outage(err)
}

func (s *Store) snapshot(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return f(tx)
}

// Watch implements [issuer.Store]. No other process can commit, so it fires for those
// of this one.
func (s *Store) Watch(ctx context.Context) <-chan struct{} { return s.watchers.add(ctx) }

// Close implements [issuer.Store]. It waits for the commit that runs, and brings to the
// disk what was appended.
func (s *Store) Close() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.closed.Load() {
		return nil
	}
	var err error
	if s.armed {
		err = errors.Join(s.settle(), s.sync())
	}
	s.closed.Store(true)
	s.watchers.close()
	return errors.Join(err, s.release())
}

// release gives back what there is, the lock last: the database is at rest by then.
func (s *Store) release() error {
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
		s.writer = nil
	}
	if s.tail != nil {
		errs = append(errs, s.tail.file.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
