package sqlite

import (
	"context"
	"errors"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// Commit implements [issuer.Store].
func (s *Store) Commit(ctx context.Context, entries []*audit.Entry, act func(issuer.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	if act == nil && s.lazy() && s.append(entries) == nil {
		return nil
	}
	changed, err := s.transact(ctx, entries, act, true)
	if err != nil {
		// It may be in effect all the same: the next commit has to look.
		s.late = s.late || errors.Is(err, issuer.ErrUnavailable)
		return err
	}
	if changed {
		s.watchers.fire()
	}
	return nil
}

// ready opens the writer again if it was given up.
func (s *Store) ready(ctx context.Context) (err error) {
	switch {
	case s.closed.Load():
		return errClosed
	case s.options.ReadOnly:
		return errReadOnly
	}
	if err := s.inPlace(); err != nil {
		return err
	}
	if s.writer == nil {
		s.writer, err = s.openWriter(ctx)
	}
	return err
}

// transact commits to the database: what is in the tail, what act does and then entries.
// It reports whether act has put anything. If synced, all of it is on the disk then.
func (s *Store) transact(ctx context.Context, entries []*audit.Entry, act func(issuer.Tx) error, synced bool) (bool, error) {
	// A statement that can be cancelled costs a goroutine. Those of a commit are
	// short, so ctx is looked at before the last one, which decides.
	bare := context.WithoutCancel(ctx)
	if err := s.writer.sync(bare, synced); err != nil {
		return false, outage(err)
	}
	committed := false
	defer func() { // act may panic
		if !committed {
			s.rollback(bare)
		}
	}()
	if _, err := s.writer.begin.ExecContext(bare); err != nil {
		return false, outage(err)
	}
	head, err := s.fold(bare)
	if err != nil {
		return false, outage(err)
	}
	tx := &tx{ctx: bare, conn: s.writer.conn, seq: head.Seq + int64(len(entries)), recorded: len(entries) > 0}
	if err := tx.run(act); err != nil {
		return false, err
	}
	block, err := s.writer.record(bare, head, entries)
	if err != nil {
		return false, outage(err)
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if _, err := s.writer.commit.ExecContext(bare); err != nil {
		return false, outage(err)
	}
	committed = true
	if synced {
		s.late = false
	}
	s.tail.reset(block.Head)
	s.last.Store(block.Head.Seq)
	block.Tell(entries)
	return tx.changed, nil
}

func (s *Store) exec(ctx context.Context, statement string) error {
	_, err := s.writer.conn.ExecContext(ctx, statement)
	return outage(err)
}

// rollback ends a transaction that must not be. A failed COMMIT may have ended it
// already, or may have left it open. A connection whose state is not known is given up,
// or the next commit would carry on where this one failed.
func (s *Store) rollback(ctx context.Context) {
	if s.exec(ctx, "ROLLBACK") == nil {
		return
	}
	// Only without a transaction can one begin.
	if s.exec(ctx, "BEGIN") == nil && s.exec(ctx, "ROLLBACK") == nil {
		return
	}
	_ = s.writer.close() // why it failed is known
	s.writer = nil
}

// record appends entries to the audit log, after head. They are read now and not
// before: an act may have completed them.
func (w *writer) record(ctx context.Context, head row.Head, entries []*audit.Entry) (*row.Block, error) {
	block, err := head.Append(entries)
	if err != nil || len(entries) == 0 {
		return block, err
	}
	return block, w.add(ctx, block)
}

// add stores a block, which is the end of the log now.
func (w *writer) add(ctx context.Context, block *row.Block) error {
	_, err := w.block.ExecContext(ctx, block.First, block.Lines)
	for _, app := range block.Apps {
		if err == nil {
			_, err = w.app.ExecContext(ctx, app, block.First)
		}
	}
	if err == nil {
		_, err = w.setHead.ExecContext(ctx, block.Head.Seq, block.Head.Hash)
	}
	return err
}
