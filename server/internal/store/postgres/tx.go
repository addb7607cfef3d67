package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// tx is what a commit can do. It belongs to the act that it is handed to.
//
// What is written waits until something is read or the commit ends, so that a commit
// takes two turns with the database at least, and one more for each read.
type tx struct {
	ctx      context.Context
	conn     *pgx.Conn
	head     row.Head   // before the commit
	seq      int64      // of what the commit puts
	block    *row.Block // once act has run
	waiting  pgx.Batch
	recorded bool  // the commit has an audit entry
	changed  bool  // something was put
	ended    bool  // the commit has ended
	failed   error // the first call that failed: the commit fails too
}

var (
	errEnded  = errors.New("the commit has ended")
	errAppIDs = fmt.Errorf("%w: there is no SDKAppID left", issuer.ErrConflict)
)

// run runs act, and fails if any of its calls did, whatever act makes of it: the
// database has given up the transaction by then.
func (t *tx) run(act func(issuer.Tx) error) error {
	if act == nil {
		return nil
	}
	defer func() { t.ended = true }()
	err := act(t)
	if t.failed != nil && errors.Is(err, t.failed) {
		return t.failed // perhaps another try will do
	}
	if err != nil {
		return &actError{err}
	}
	return t.failed
}

// do runs f unless the commit has ended or failed before, and remembers its failure.
func (t *tx) do(f func() error) error {
	if t.ended {
		return errEnded
	}
	if t.failed == nil {
		t.failed = f()
	}
	return t.failed
}

// later queues a statement.
func (t *tx) later(statement string, args ...any) { t.waiting.Queue(statement, args...) }

// flush runs what is queued and returns the answer to the last statement.
func (t *tx) flush(ctx context.Context) (tag pgconn.CommandTag, err error) {
	batch := t.waiting
	t.waiting = pgx.Batch{}
	results := t.conn.SendBatch(ctx, &batch)
	for range batch.Len() {
		if tag, err = results.Exec(); err != nil {
			break
		}
	}
	return tag, errors.Join(err, results.Close())
}

// get runs what is queued and a query, and reads one column of one row. It leaves into
// as it is if there is none.
func (t *tx) get(into any, query string, args ...any) error {
	t.later(query, args...)
	batch := t.waiting
	t.waiting = pgx.Batch{}
	results := t.conn.SendBatch(t.ctx, &batch)
	var err error
	for i := 1; i < batch.Len() && err == nil; i++ {
		_, err = results.Exec()
	}
	if err == nil {
		err = results.QueryRow().Scan(into)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return errors.Join(err, results.Close())
}

// App implements [issuer.Tx].
func (t *tx) App(id uint32) (*issuer.Record, error) {
	var r *issuer.Record
	err := t.do(func() (err error) {
		var text string
		if err := t.get(&text, "SELECT record FROM usersig.apps WHERE id = $1", id); err != nil || text == "" {
			return err
		}
		r, err = row.DecodeRecord(text)
		return err
	})
	if err == nil && r == nil {
		return nil, issuer.ErrNotFound
	}
	return r, err
}

// PutApp implements [issuer.Tx].
func (t *tx) PutApp(r *issuer.Record) error {
	return t.put(func() error {
		text, err := row.EncodeRecord(r)
		if err == nil {
			t.later(`INSERT INTO usersig.apps (id, seq, record) VALUES ($1, $2, $3)
				ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, record = excluded.record`,
				r.App.ID, t.seq, text)
		}
		return err
	})
}

// put is [tx.do] for what other nodes must hear of.
func (t *tx) put(f func() error) error {
	return t.do(func() error {
		if !t.recorded {
			return row.ErrNoEntry
		}
		t.changed = true
		return f()
	})
}

// NextAppID implements [issuer.Tx]. Numbers count up, but an application may have come
// with one of its own.
func (t *tx) NextAppID() (uint32, error) {
	var id int64
	err := t.do(func() error {
		for taken := true; taken; {
			if err := t.get(&id, "UPDATE usersig.head SET next_app = next_app + 1 RETURNING next_app - 1"); err != nil {
				return err
			}
			if err := t.get(&taken, "SELECT EXISTS (SELECT FROM usersig.apps WHERE id = $1)", id); err != nil {
				return err
			}
		}
		if id > math.MaxUint32 {
			return errAppIDs
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return uint32(id), nil //nolint:gosec // it was looked at
}

// User implements [issuer.Tx].
func (t *tx) User(app uint32, user string) (issuer.User, error) {
	var u issuer.User
	err := t.do(func() (err error) {
		if err := row.CheckText("user ID", user); err != nil {
			return err
		}
		var text string
		err = t.get(&text, "SELECT record FROM usersig.users WHERE app = $1 AND user_id = $2", app, user)
		if err != nil || text == "" {
			return err
		}
		u, err = row.DecodeUser(text)
		return err
	})
	return u, err
}

// PutUser implements [issuer.Tx].
func (t *tx) PutUser(app uint32, user string, u issuer.User) error {
	return t.put(func() error {
		if err := row.CheckText("user ID", user); err != nil {
			return err
		}
		text, err := row.EncodeUser(u)
		if err == nil {
			t.later(`INSERT INTO usersig.users (app, user_id, seq, record) VALUES ($1, $2, $3, $4)
				ON CONFLICT (app, user_id) DO UPDATE SET seq = excluded.seq, record = excluded.record`,
				app, user, t.seq, text)
		}
		return err
	})
}

// DropUser implements [issuer.Tx].
func (t *tx) DropUser(app uint32, user string) error {
	return t.do(func() error {
		if err := row.CheckText("user ID", user); err != nil {
			return err
		}
		t.later("DELETE FROM usersig.users WHERE app = $1 AND user_id = $2", app, user)
		return nil
	})
}

// Once implements [issuer.Tx]. Every call forgets more rows that have ended than it
// adds, so that there is an end to what is kept.
func (t *tx) Once(key, value string, now, until time.Time) (string, error) {
	var earlier string
	err := t.do(func() error {
		if err := row.CheckOnce(key, value); err != nil {
			return err
		}
		t.later(`DELETE FROM usersig.once WHERE key = $1 AND until <= $2 OR key IN
			(SELECT key FROM usersig.once WHERE until <= $2 ORDER BY until LIMIT 8)`, key, now.UnixMicro())
		err := t.get(&earlier, "SELECT value FROM usersig.once WHERE key = $1", key)
		if err == nil && earlier == "" {
			t.later("INSERT INTO usersig.once (key, value, until) VALUES ($1, $2, $3)", key, value, until.UnixMicro())
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return earlier, nil
}
