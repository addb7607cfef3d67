package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// changes reads in one snapshot and one turn: a record and the number of the last commit
// must be of one moment, or a change could fall between two calls.
func (s *Store) changes(ctx context.Context, since int64) (issuer.Changes, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return issuer.Changes{}, err
	}
	defer conn.Release() // which looks whether the transaction has ended
	batch := &pgx.Batch{}
	batch.Queue("begin isolation level repeatable read read only")
	batch.Queue("set local statement_timeout = 0")
	batch.Queue("SELECT seq FROM usersig.head")
	batch.Queue("SELECT record FROM usersig.apps WHERE seq > $1", since)
	batch.Queue("SELECT app, user_id, record FROM usersig.users WHERE seq > $1", since)
	batch.Queue("commit")
	results := conn.SendBatch(ctx, batch)
	c, err := readChanges(results)
	return c, errors.Join(err, results.Close())
}

// readChanges reads the answers to the queries of [Store.changes].
func readChanges(results pgx.BatchResults) (c issuer.Changes, err error) {
	for range 2 {
		if _, err := results.Exec(); err != nil {
			return c, err
		}
	}
	if err := results.QueryRow().Scan(&c.Seq); err != nil {
		return c, err
	}
	var text string
	rows, err := results.Query()
	if err != nil {
		return c, err
	}
	_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
		r, err := row.DecodeRecord(text)
		c.Apps = append(c.Apps, r)
		return err
	})
	if err != nil {
		return c, err
	}
	if rows, err = results.Query(); err != nil {
		return c, err
	}
	var u issuer.UserRow
	_, err = pgx.ForEachRow(rows, []any{&u.App, &u.UserID, &text}, func() (err error) {
		u.User, err = row.DecodeUser(text)
		c.Users = append(c.Users, u)
		return err
	})
	return c, err
}

// log is the audit log. It implements [row.Blocks].
type log struct {
	ctx  context.Context
	pool *pgxpool.Pool
}

// Start implements [row.Blocks].
func (l log) Start(seq int64) (int64, error) {
	var first int64
	err := l.pool.QueryRow(l.ctx,
		"SELECT coalesce(max(first_seq), 0) FROM usersig.audit WHERE first_seq <= $1", seq).Scan(&first)
	return first, err
}

// Blocks implements [row.Blocks].
func (l log) Blocks(app uint32, from int64, n int) ([]row.Block, error) {
	query, args := `SELECT first_seq, entries FROM usersig.audit
		WHERE first_seq >= $1 ORDER BY first_seq LIMIT $2`, []any{from, n}
	if app != 0 {
		query, args = `SELECT first_seq, entries FROM usersig.audit_apps JOIN usersig.audit USING (first_seq)
		WHERE first_seq >= $1 AND app = $3 ORDER BY first_seq LIMIT $2`, []any{from, n, app}
	}
	rows, err := l.pool.Query(l.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (b row.Block, err error) {
		return b, r.Scan(&b.First, &b.Lines)
	})
}
