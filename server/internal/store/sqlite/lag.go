package sqlite

import (
	"context"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/store/row"
)

// lazy reports whether what changes nothing may be appended to the tail. If the disk did
// not take what was there before, it has to show first that it does again.
func (s *Store) lazy() bool { return s.options.Lag > 0 && !s.late }

// append records entries in the tail. If that fails, the database may still take them.
func (s *Store) append(entries []*audit.Entry) error {
	block, err := s.tail.Head.Append(entries)
	if err != nil || len(entries) == 0 {
		return err
	}
	if err := s.tail.append(block); err != nil {
		return err
	}
	s.last.Store(block.Head.Seq)
	block.Tell(entries)
	s.arm()
	if s.tail.end-s.tail.start >= mostTail {
		s.late = s.settle() != nil // the entries are recorded
	}
	return nil
}

// arm has flush called in time.
func (s *Store) arm() {
	if !s.armed {
		s.armed = true
		time.AfterFunc(s.options.Lag, s.flush)
	}
}

// flush brings to the disk what was appended, and tries again until it can.
func (s *Store) flush() {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.armed = false
	if s.closed.Load() {
		return
	}
	err := s.settle()
	if err == nil {
		// The longest part, in which commits go on.
		<-s.turn
		err = s.sync()
		s.turn <- struct{}{}
	}
	if err != nil && !s.closed.Load() {
		s.late = true
		s.arm()
	}
}

// settle moves the tail into the database.
func (s *Store) settle() error {
	ctx := context.Background()
	err := s.ready(ctx)
	if err == nil && !s.tail.empty() {
		_, err = s.transact(ctx, nil, nil, false)
	}
	return err
}

// sync brings to the disk what is in the WAL. SQLite locks the database and its index,
// and not the WAL: this file alone may be opened and closed beside it.
func (s *Store) sync() error { return s.fsync(s.path + "-wal") }

// openTail finds what a process that was killed has left, and moves it into the database
// if that is possible now. It fails if the log was cut.
func (s *Store) openTail(ctx context.Context) (err error) {
	head, last, err := ending(ctx, s.writer.conn)
	if err == nil {
		err = head.EndsWith(&last)
	}
	if err != nil {
		return row.Refusal(err)
	}
	if s.tail, err = openTail(s.path, head); err != nil {
		return err
	}
	s.last.Store(s.tail.Head.Seq)
	if !s.tail.empty() {
		_, err := s.transact(ctx, nil, nil, true)
		s.late = err != nil // the next commit tries again
	}
	return nil
}

// fold makes the tail a part of the transaction. It returns the end of the log.
func (s *Store) fold(ctx context.Context) (row.Head, error) {
	head, err := s.writer.end(ctx)
	if err != nil {
		return head, err
	}
	if head != s.tail.base { // a commit that seemed to have failed had not
		if err := s.tail.find(head); err != nil {
			return head, err
		}
	}
	if s.tail.empty() {
		return head, nil
	}
	block, err := s.tail.take()
	if err != nil {
		return head, err
	}
	return block.Head, s.writer.add(ctx, block)
}

// end returns the end of the log in the database.
func (w *writer) end(ctx context.Context) (head row.Head, err error) {
	err = w.head.QueryRowContext(ctx).Scan(&head.Seq, &head.Hash)
	return head, err
}
