package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// attempts is how often a commit is tried that failed by no fault of its own.
const attempts = 5

// Commit implements [issuer.Store].
//
// If the connection is lost while the database commits, it is asked again what became of
// it. If it cannot be asked either, the error says that the outcome is not known; the
// commit may be in effect.
func (s *Store) Commit(ctx context.Context, entries []*audit.Entry, act func(issuer.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, reason, cancel := s.limit(ctx)
	defer cancel()
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return reason(ctx.Err())
	}
	for tried := 1; ; tried++ {
		again, err := s.try(ctx, entries, act)
		if err == nil {
			return nil
		}
		if act, ok := errors.AsType[*actError](err); ok {
			return act.error
		}
		if errors.Is(err, errUnknown) {
			return err // also to whoever has given up by now: it may be in effect
		}
		if !again || tried == attempts || ctx.Err() != nil {
			return reason(err)
		}
	}
}

// actError is an error that an act returned. It goes to the caller as it is.
type actError struct{ error }

// try runs a commit once. It reports whether it is worth another try: nothing of it is
// in effect then.
func (s *Store) try(ctx context.Context, entries []*audit.Entry, act func(issuer.Tx) error) (again bool, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return false, err // the pool has tried for itself
	}
	committed := false
	defer func() { // act may panic
		if !committed {
			rollback(ctx, conn)
		}
		conn.Release()
	}()
	tx, err := begin(ctx, conn.Conn(), entries)
	if err == nil {
		err = tx.run(act)
	}
	if err == nil {
		err = tx.record(entries)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return transient(err) || conn.Conn().IsClosed(), err
	}
	// From here on the caller's change of mind would only hide what happens.
	final, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	if err := tx.commit(final); err != nil {
		if !conn.Conn().IsClosed() {
			return transient(err), err // the database says that it did not
		}
		if err := s.settle(ctx, tx.block, err); err != nil {
			return !errors.Is(err, errUnknown), err
		}
	}
	committed = true
	tx.block.Tell(entries)
	return false, nil
}

// rollback ends what is open, so that the locks are let go of at once. A connection on
// which that fails is not used again: the pool looks at its state.
func rollback(ctx context.Context, conn *pgxpool.Conn) {
	if conn.Conn().IsClosed() || conn.Conn().PgConn().TxStatus() == 'I' {
		return
	}
	_, _ = conn.Exec(context.WithoutCancel(ctx), "rollback") // bounded by statement_timeout
}

// begin locks the head, which puts the commit into its place in the order.
func begin(ctx context.Context, conn *pgx.Conn, entries []*audit.Entry) (*tx, error) {
	batch := &pgx.Batch{}
	batch.Queue("begin")
	batch.Queue("SELECT seq, hash FROM usersig.head FOR UPDATE")
	results := conn.SendBatch(ctx, batch)
	var head row.Head
	_, err := results.Exec()
	if err == nil {
		err = results.QueryRow().Scan(&head.Seq, &head.Hash)
	}
	if err := errors.Join(err, results.Close()); err != nil {
		return nil, err
	}
	return &tx{ctx: ctx, conn: conn, head: head, seq: head.Seq + int64(len(entries)), recorded: len(entries) > 0}, nil
}

// record draws up what entries add to the log. They are read now and not before: an
// act may have completed them.
func (t *tx) record(entries []*audit.Entry) error {
	block, err := t.head.Append(entries)
	if err != nil {
		return &actError{err} // the caller's entries are at fault
	}
	if t.block = block; t.recorded {
		t.later("INSERT INTO usersig.audit (first_seq, entries) VALUES ($1, $2)", block.First, block.Lines)
		t.later("UPDATE usersig.head SET seq = $1, hash = $2", block.Head.Seq, block.Head.Hash)
	}
	if len(block.Apps) > 0 {
		t.later("INSERT INTO usersig.audit_apps (app, first_seq) SELECT unnest($1::bigint[]), $2", block.Apps, block.First)
	}
	return nil
}

// commit sends what is left to write, and the commit with it.
func (t *tx) commit(ctx context.Context) error {
	if t.changed {
		t.later("SELECT pg_notify($1, '')", channel)
	}
	t.later("commit")
	tag, err := t.flush(ctx)
	if err == nil && tag.String() != "COMMIT" {
		return fmt.Errorf("the database answers a commit with %s", tag)
	}
	return err
}

var errUnknown = errors.New("the connection was lost and the outcome is not known")

// settle finds out what became of a commit whose answer was lost. It returns nil if it
// is in effect, cause if it is not.
//
// The head is locked for that: as long as the lost connection's transaction is open, the
// answer would be no, and could become yes.
func (s *Store) settle(ctx context.Context, block *row.Block, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	there := false
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT FROM usersig.head FOR UPDATE"); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM usersig.audit WHERE first_seq = $1 AND entries = $2)",
			block.First, block.Lines).Scan(&there)
	})
	switch {
	case err != nil, block.Lines == "" && !there: // without entries it leaves no trace
		return fmt.Errorf("%w: %w: %w", issuer.ErrUnavailable, errUnknown, cause)
	case !there:
		return cause
	}
	return nil
}

// transient reports whether the database has given up a transaction that may succeed
// when it is run again: serialization failures and deadlocks.
func transient(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (answer.Code == "40001" || answer.Code == "40P01")
}
