package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// readChanges reads in one transaction: a record and the number of the last commit must
// be of one moment, or a change could fall between two calls.
func readChanges(ctx context.Context, tx *sql.Tx, since int64) (issuer.Changes, error) {
	var c issuer.Changes
	if err := tx.QueryRowContext(ctx, "SELECT seq FROM head").Scan(&c.Seq); err != nil {
		return c, err
	}
	if c.Seq <= since {
		return c, nil
	}
	var text string
	err := each(ctx, tx, "SELECT record FROM apps WHERE seq > ?", []any{since}, []any{&text}, func() error {
		r, err := row.DecodeRecord(text)
		c.Apps = append(c.Apps, r)
		return err
	})
	if err != nil {
		return c, err
	}
	var u issuer.UserRow
	into := []any{&u.App, &u.UserID, &text}
	err = each(ctx, tx, "SELECT app, user_id, record FROM users WHERE seq > ?", []any{since}, into, func() (err error) {
		u.User, err = row.DecodeUser(text)
		c.Users = append(c.Users, u)
		return err
	})
	return c, err
}

// each calls f after each row of a query's answer is read into the variables.
func each(ctx context.Context, tx *sql.Tx, query string, args, into []any, f func() error) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// querier is a transaction or a connection.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// follow returns what of a tail follows the log in the database.
func follow(ctx context.Context, q querier, text string) (*row.Block, error) {
	var head row.Head
	if err := q.QueryRowContext(ctx, "SELECT seq, hash FROM head").Scan(&head.Seq, &head.Hash); err != nil {
		return nil, err
	}
	block, _ := head.Follow(text)
	return block, nil
}

// ending returns the head and the last row, the zero Block if there is none.
func ending(ctx context.Context, q querier) (head row.Head, last row.Block, err error) {
	err = q.QueryRowContext(ctx, `SELECT seq, hash, coalesce(first_seq, 0), coalesce(entries, '') FROM head
		LEFT JOIN (SELECT first_seq, entries FROM audit ORDER BY first_seq DESC LIMIT 1) ON true`).
		Scan(&head.Seq, &head.Hash, &last.First, &last.Lines)
	if errors.Is(err, sql.ErrNoRows) {
		err = row.ErrNoHead
	}
	return head, last, err
}

// check has a check look at all that is in the database, and then at the tail.
func check(ctx context.Context, tx *sql.Tx, c *row.Check, tail string) error {
	var b row.Block
	var index string
	err := each(ctx, tx, `SELECT first_seq, entries, coalesce(apps, '') FROM audit
		LEFT JOIN (SELECT first_seq, group_concat(app, ',' ORDER BY app) AS apps FROM audit_apps GROUP BY first_seq)
		USING (first_seq) ORDER BY first_seq`, nil, []any{&b.First, &b.Lines, &index},
		func() error { return c.Block(&b, index) })
	if err != nil {
		return err
	}
	head, _, err := ending(ctx, tx)
	if err != nil {
		return err
	}
	var astray bool
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM audit_apps AS i
		WHERE NOT EXISTS (SELECT 1 FROM audit AS a WHERE a.first_seq = i.first_seq))`).Scan(&astray)
	if err != nil {
		return err
	}
	if err := c.End(head, astray); err != nil {
		return err
	}
	if end, _ := head.Follow(tail); end.Lines != "" {
		return c.Block(end, end.Index())
	}
	return nil
}

// log is the audit log at one moment. It implements [row.Blocks].
type log struct {
	ctx  context.Context
	tx   *sql.Tx
	tail string // what was in its file
}

// Start implements [row.Blocks]. The tail follows the last block.
func (l log) Start(seq int64) (int64, error) {
	var first int64
	err := l.tx.QueryRowContext(l.ctx,
		"SELECT coalesce(max(first_seq), 0) FROM audit WHERE first_seq <= ?", seq).Scan(&first)
	return first, err
}

// Blocks implements [row.Blocks].
func (l log) Blocks(app uint32, from int64, n int) ([]row.Block, error) {
	query, args := `SELECT first_seq, entries FROM audit
		WHERE first_seq >= ? ORDER BY first_seq LIMIT ?`, []any{from, n}
	if app != 0 {
		query, args = `SELECT first_seq, entries FROM audit_apps JOIN audit USING (first_seq)
		WHERE app = ? AND first_seq >= ? ORDER BY first_seq LIMIT ?`, []any{app, from, n}
	}
	var blocks []row.Block
	var b row.Block
	err := each(l.ctx, l.tx, query, args, []any{&b.First, &b.Lines}, func() error {
		blocks = append(blocks, b)
		return nil
	})
	if err != nil || len(blocks) == n || l.tail == "" {
		return blocks, err
	}
	end, err := follow(l.ctx, l.tx, l.tail)
	if err != nil {
		return nil, err
	}
	if end.Lines != "" && end.First >= from && (app == 0 || slices.Contains(end.Apps, app)) {
		blocks = append(blocks, *end)
	}
	return blocks, nil
}
