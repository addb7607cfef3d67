package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"usersig/server/internal/issuer"
)

const maxReaders = 4

// source returns the driver's name for the database, opened in mode with settings.
//
// The WAL is synced in every commit (FULL) unless [writer.sync] says otherwise: in WAL
// mode SQLite's own default, NORMAL, loses the last commits when the power fails.
func (s *Store) source(mode string, pragmas ...string) string {
	query := url.Values{"mode": {mode}, "_pragma": append([]string{
		"busy_timeout(5000)",
		"foreign_keys(1)",
		"trusted_schema(0)",
		"synchronous(FULL)",
		"fullfsync(1)",
		"checkpoint_fullfsync(1)",
	}, pragmas...)}
	// EscapedPath: a '?' in the path would otherwise begin the settings.
	return "file:" + (&url.URL{Path: s.path}).EscapedPath() + "?" + query.Encode()
}

// openReaders returns a pool whose connections cannot write.
func (s *Store) openReaders() (*sql.DB, error) {
	mode := "rw" // WAL readers write to the index of the WAL
	if s.options.ReadOnly {
		mode = "ro"
	}
	db, err := sql.Open("sqlite", s.source(mode, "query_only(1)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	return db, nil
}

// writer is the one connection that writes. It belongs to who holds [Store.turn].
type writer struct {
	db      *sql.DB
	conn    *sql.Conn
	begin   *sql.Stmt
	commit  *sql.Stmt
	head    *sql.Stmt
	setHead *sql.Stmt
	block   *sql.Stmt
	app     *sql.Stmt
	lax     bool // what sync was told last
}

// openWriter connects, and makes the database what this program needs. One that is not
// ours is left as it is.
func (s *Store) openWriter(ctx context.Context) (*writer, error) {
	db, err := sql.Open("sqlite", s.source("rw"))
	if err != nil {
		return nil, err
	}
	w := &writer{db: db}
	if err := w.open(ctx, s.options.Init); err != nil {
		return nil, outage(errors.Join(err, w.close()))
	}
	return w, nil
}

func (w *writer) open(ctx context.Context, init bool) (err error) {
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	version, err := w.identify(ctx, init)
	if err != nil {
		return err
	}
	if err := w.useWAL(ctx); err != nil {
		return err
	}
	if err := w.migrate(ctx, version); err != nil {
		return err
	}
	return w.prepare(ctx)
}

// useWAL looks at the answer: SQLite keeps silent when it cannot, as on file systems
// without shared memory, and readers and the writer would then wait for each other.
func (w *writer) useWAL(ctx context.Context) error {
	var mode string
	if err := w.conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the file is in journal mode %q, and its file system does not allow WAL", mode)
	}
	return nil
}

// prepare readies the statements of every commit. The tables must be there.
func (w *writer) prepare(ctx context.Context) error {
	for _, p := range []struct {
		statement **sql.Stmt
		text      string
	}{
		{&w.begin, "BEGIN IMMEDIATE"},
		{&w.commit, "COMMIT"},
		{&w.head, "SELECT seq, hash FROM head"},
		{&w.setHead, "UPDATE head SET seq = ?, hash = ?"},
		{&w.block, "INSERT INTO audit (first_seq, entries) VALUES (?, ?)"},
		{&w.app, "INSERT INTO audit_apps (app, first_seq) VALUES (?, ?)"},
	} {
		prepared, err := w.conn.PrepareContext(ctx, p.text) //nolint:sqlclosecheck // by writer.close
		if err != nil {
			return err
		}
		*p.statement = prepared
	}
	return nil
}

// sync says whether the commits from now on wait for the disk. One that does has it write
// those before it, too.
func (w *writer) sync(ctx context.Context, synced bool) error {
	if synced != w.lax {
		return nil
	}
	level := "NORMAL"
	if synced {
		level = "FULL"
	}
	if _, err := w.conn.ExecContext(ctx, "PRAGMA synchronous = "+level); err != nil {
		return err
	}
	w.lax = !synced
	return nil
}

func (w *writer) close() error {
	var errs []error
	for _, statement := range []*sql.Stmt{w.begin, w.commit, w.head, w.setHead, w.block, w.app} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}

var (
	errClosed   = fmt.Errorf("%w: it is closed", issuer.ErrUnavailable)
	errReadOnly = fmt.Errorf("%w: it is open for reading only", issuer.ErrUnavailable)
)
