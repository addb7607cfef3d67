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
// must be of one moment, or a change could fall between two calls. It calls came for
// whatever comes.
func (s *Store) changes(ctx context.Context, since int64, came func()) (issuer.Changes, error) {
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
	c, err := readChanges(results, came)
	return c, errors.Join(err, results.Close())
}

// readChanges reads the answers to the queries of [Store.changes].
func readChanges(results pgx.BatchResults, came func()) (c issuer.Changes, err error) {
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
		came()
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
		came()
		u.User, err = row.DecodeUser(text)
		c.Users = append(c.Users, u)
		return err
	})
	return c, err
}

// ending is the head and the last row. The row has the number 0 if there is none.
const ending = `SELECT seq, hash, coalesce(first_seq, 0), coalesce(entries, '') FROM usersig.head
	LEFT JOIN (SELECT first_seq, entries FROM usersig.audit ORDER BY first_seq DESC LIMIT 1) AS last ON true`

func scanEnding(r pgx.Row) (head row.Head, last row.Block, err error) {
	err = r.Scan(&head.Seq, &head.Hash, &last.First, &last.Lines)
	if errors.Is(err, pgx.ErrNoRows) {
		err = row.ErrNoHead
	}
	return head, last, err
}

// checkEnd fails if the log was cut.
func (s *Store) checkEnd(ctx context.Context) error {
	limited, reason, cancel := s.limit(ctx)
	defer cancel()
	head, last, err := scanEnding(s.pool.QueryRow(limited, ending))
	if err == nil {
		err = head.EndsWith(&last)
	}
	return row.Refusal(reason(err))
}

// check has a check look at all that there is, in one snapshot and for as long as it takes.
func check(ctx context.Context, tx pgx.Tx, c *row.Check) error {
	if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT first_seq, entries, coalesce(apps, '') FROM usersig.audit
		LEFT JOIN (SELECT first_seq, string_agg(app::text, ',' ORDER BY app) AS apps FROM usersig.audit_apps GROUP BY first_seq) AS i
		USING (first_seq) ORDER BY first_seq`)
	if err != nil {
		return err
	}
	var b row.Block
	var index string
	if _, err := pgx.ForEachRow(rows, []any{&b.First, &b.Lines, &index}, func() error { return c.Block(&b, index) }); err != nil {
		return err
	}
	head, _, err := scanEnding(tx.QueryRow(ctx, ending))
	if err != nil {
		return err
	}
	var astray bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM usersig.audit_apps AS i
		WHERE NOT EXISTS (SELECT FROM usersig.audit AS a WHERE a.first_seq = i.first_seq))`).Scan(&astray)
	if err != nil {
		return err
	}
	return c.End(head, astray)
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
