// Package postgres keeps an issuer's state in a PostgreSQL database that any number of
// nodes share. All it makes there is in the schema "usersig".
//
// Whoever can read the schema learns names, settings, public keys, sealed keys, hashes
// of API keys and the audit log. Whoever can write it decides who is revoked and which
// keys are good.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// Options are what [Open] can be told. Nil is the zero value.
type Options struct {
	// Init allows the schema to be created if it is not there. Without it a database
	// without the schema is taken for the wrong one: an empty state would revive every
	// revoked user.
	Init bool
	// ReadOnly opens a database for reading its audit log, with a role that may not
	// write or at a standby as well. The schema stays as it is, whatever Init says, and
	// commits are refused.
	ReadOnly bool
	// Timeout is how long a call may take before the database counts as out of reach;
	// 10 seconds if zero.
	Timeout time.Duration
}

// Store is an [issuer.Store] in a PostgreSQL database.
type Store struct {
	pool    *pgxpool.Pool
	timeout time.Duration
	turns   chan struct{} // one for each commit that runs

	closing context.Context // ends when the store is closed
	close   context.CancelFunc
	running sync.WaitGroup // the watches
}

// Commits wait for each other in the database. Of one node, only commitsAtOnce do, one
// that writes and one that is next, or they would take every connection of the pool from
// those who read.
const (
	commitsAtOnce = 2
	leastConns    = commitsAtOnce + 2
)

// Open connects to the database that url ("postgres://…") names.
func Open(ctx context.Context, url string, options *Options) (*Store, error) {
	if options == nil {
		options = &Options{}
	}
	config, err := parse(url)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if options.ReadOnly {
		config.AfterConnect = prepareReader
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", outage(err))
	}
	s := &Store{pool: pool, timeout: options.Timeout, turns: make(chan struct{}, commitsAtOnce)}
	if s.timeout <= 0 {
		s.timeout = 10 * time.Second
	}
	s.closing, s.close = context.WithCancel(context.WithoutCancel(ctx))
	if options.ReadOnly {
		err = s.checkVersion(ctx)
	} else {
		err = s.migrate(ctx, options.Init)
		if err == nil {
			err = s.checkEnd(ctx)
		}
	}
	if err != nil {
		_ = s.Close() // it returns nil
		return nil, fmt.Errorf("open store: %w", outage(err))
	}
	return s, nil
}

// errURL does not say what is wrong: the parts of a URL that was misread may hold parts
// of the password.
var errURL = errors.New("the URL of the store is not of the form postgres://user:password@host:port/database" +
	" (in a password, write every character but letters and digits as %xx)")

// parse reads a URL and adds what every connection needs.
func parse(url string) (*pgxpool.Config, error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, errURL
	}
	config, err := pgxpool.ParseConfig(url)
	// An '@' in the name of the database is the end of a password with a '/' in it.
	if err != nil || strings.Contains(config.ConnConfig.Database, "@") {
		return nil, errURL
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	config.MaxConns = max(config.MaxConns, leastConns)
	config.AfterConnect = prepareSession
	return config, nil
}

// prepareSession bounds what a connection can do to others: a node that stands still in
// the middle of a commit must not hold up all other nodes. And it makes sure that a
// commit is on the disk when it returns, whatever the database's default is.
//
// The pool gives it no limit: without one of its own, each way that goes silent now would
// take one place of the pool for ever.
func prepareSession(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, conn.Config().ConnectTimeout)
	defer cancel()
	var encoding string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_encoding'),
		set_config('statement_timeout', '30s', false), set_config('lock_timeout', '5s', false),
		set_config('idle_in_transaction_session_timeout', '10s', false),
		CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END
		`).Scan(&encoding, nil, nil, nil, nil)
	if err == nil && encoding != "UTF8" {
		return fmt.Errorf("the database has the encoding %s, and must have UTF8", encoding)
	}
	return err
}

// prepareReader is prepareSession for a store that is open for reading. The database
// holds it to that: a defect here cannot change what an auditor looks at.
func prepareReader(ctx context.Context, conn *pgx.Conn) error {
	if err := prepareSession(ctx, conn); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "SET default_transaction_read_only = on")
	return err
}

// errOlder is the answer to a reader, which cannot migrate.
var errOlder = errors.New("start the server of this program's version once, which brings it up to date, or use the older program")

// checkVersion refuses a schema that is not of this program's version.
func (s *Store) checkVersion(ctx context.Context) error {
	texts, err := scripts()
	if err != nil {
		return err
	}
	version, err := s.version(ctx, len(texts), false)
	if err == nil && version < len(texts) {
		return fmt.Errorf("the schema has version %d and this program needs %d: %w", version, len(texts), errOlder)
	}
	return err
}

// limit bounds a call. The function it returns names the reason for an error: ctx, if
// the caller has ended it, or else the database.
func (s *Store) limit(ctx context.Context) (context.Context, func(error) error, context.CancelFunc) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	return limited, func(err error) error { return s.reason(ctx, limited, err) }, cancel
}

// reason names the reason for the error of a call that was made with limited, made from
// ctx.
func (s *Store) reason(ctx, limited context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case s.closing.Err() != nil:
		return errClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%w: no answer for %v", issuer.ErrUnavailable, s.timeout)
	}
	return outage(err)
}

var errClosed = fmt.Errorf("%w: it is closed", issuer.ErrUnavailable)

// Changes implements [issuer.Store].
func (s *Store) Changes(ctx context.Context, since int64) (issuer.Changes, error) {
	if s.closing.Err() != nil {
		return issuer.Changes{}, errClosed
	}
	// The first answer may be long. What has a limit is how long nothing comes.
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(s.timeout, cancel)
	defer silence.Stop()
	changes, err := s.changes(limited, since, func() { silence.Reset(s.timeout) })
	if err != nil {
		return issuer.Changes{}, s.reason(ctx, limited, err)
	}
	return changes, nil
}

// Audit implements [issuer.Store].
func (s *Store) Audit(ctx context.Context, app uint32, after int64, limit int) ([]audit.Entry, error) {
	ctx, reason, cancel := s.limit(ctx)
	defer cancel()
	// No transaction: the log only grows, and at its end.
	page, err := row.Page(log{ctx, s.pool}, app, after, limit)
	if err := reason(err); err != nil {
		return nil, err
	}
	return page, reason(ctx.Err())
}

// CheckLog calls f for each entry of the audit log, in order, until it fails, and compares
// the log with its head and its index, all in one snapshot. The error is f's, or wraps
// [audit.ErrBroken] if the log was tampered with.
func (s *Store) CheckLog(ctx context.Context, f func(audit.Entry) error) error {
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	var mine error
	c := row.NewCheck(func(e audit.Entry) error {
		mine = f(e)
		return mine
	})
	err := pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error { return check(ctx, tx, c) })
	if mine != nil {
		return mine
	}
	return s.reason(ctx, ctx, err)
}

// Close implements [issuer.Store].
func (s *Store) Close() error {
	s.close()
	s.pool.Close()
	s.running.Wait()
	return nil
}
