package sqlite

import (
	"context"
	"database/sql"

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

// log is the audit log at one moment. It implements [row.Blocks].
type log struct {
	ctx context.Context
	tx  *sql.Tx
}

// Start implements [row.Blocks].
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
	return blocks, err
}
