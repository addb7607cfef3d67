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
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", outage(err))
	}
	s := &Store{pool: pool, timeout: options.Timeout, turns: make(chan struct{}, commitsAtOnce)}
	if s.timeout <= 0 {
		s.timeout = 10 * time.Second
	}
	s.closing, s.close = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.migrate(ctx, options.Init); err != nil {
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
func prepareSession(ctx context.Context, conn *pgx.Conn) error {
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

// limit bounds a call. The function it returns names the reason for an error: ctx, if
// the caller has ended it, or else the database.
func (s *Store) limit(ctx context.Context) (context.Context, func(error) error, context.CancelFunc) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	return limited, func(err error) error {
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
	}, cancel
}

var errClosed = fmt.Errorf("%w: it is closed", issuer.ErrUnavailable)

// Changes implements [issuer.Store].
func (s *Store) Changes(ctx context.Context, since int64) (issuer.Changes, error) {
	// The first answer may be long. It has no limit but the caller's.
	if s.closing.Err() != nil {
		return issuer.Changes{}, errClosed
	}
	changes, err := s.changes(ctx, since)
	if err != nil && ctx.Err() != nil {
		return issuer.Changes{}, ctx.Err()
	}
	if err != nil {
		return issuer.Changes{}, outage(err)
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

// Close implements [issuer.Store].
func (s *Store) Close() error {
	s.close()
	s.pool.Close()
	s.running.Wait()
	return nil
}
