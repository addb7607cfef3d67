package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// tx is what a commit can do. It belongs to the act that it is handed to.
type tx struct {
	ctx      context.Context
	conn     *sql.Conn
	seq      int64 // of what the commit puts
	recorded bool  // the commit has an audit entry
	changed  bool  // something was put
	ended    bool  // the commit has ended
	failed   error // the first call that failed: the commit fails too
}

var (
	errEnded  = errors.New("the commit has ended")
	errAppIDs = fmt.Errorf("%w: there is no SDKAppID left", issuer.ErrConflict)
)

// run runs act, and fails if any of its calls did, whatever act makes of it: a
// statement that failed may have done half of its work.
func (t *tx) run(act func(issuer.Tx) error) error {
	if act == nil {
		return nil
	}
	defer func() { t.ended = true }()
	if err := act(t); err != nil {
		return err
	}
	return t.failed
}

// do runs f unless the commit has ended or failed before, and remembers its failure.
func (t *tx) do(f func() error) error {
	if t.ended {
		return errEnded
	}
	if t.failed == nil {
		t.failed = outage(f())
	}
	return t.failed
}

// get reads one column of one row, and leaves into as it is if there is none.
func (t *tx) get(into any, query string, args ...any) error {
	err := t.conn.QueryRowContext(t.ctx, query, args...).Scan(into)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func (t *tx) exec(statement string, args ...any) error {
	_, err := t.conn.ExecContext(t.ctx, statement, args...)
	return err
}

// App implements [issuer.Tx].
func (t *tx) App(id uint32) (*issuer.Record, error) {
	var r *issuer.Record
	err := t.do(func() (err error) {
		var text string
		if err := t.get(&text, "SELECT record FROM apps WHERE id = ?", id); err != nil || text == "" {
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
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO apps (id, seq, record) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET seq = excluded.seq, record = excluded.record`, r.App.ID, t.seq, text)
	})
}

// put is [tx.do] for what other processes must hear of.
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
			if err := t.get(&id, "UPDATE head SET next_app = next_app + 1 RETURNING next_app - 1"); err != nil {
				return err
			}
			if err := t.get(&taken, "SELECT EXISTS (SELECT 1 FROM apps WHERE id = ?)", id); err != nil {
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
		err = t.get(&text, "SELECT record FROM users WHERE app = ? AND user_id = ?", app, user)
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
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO users (app, user_id, seq, record) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET seq = excluded.seq, record = excluded.record`, app, user, t.seq, text)
	})
}

// DropUser implements [issuer.Tx].
func (t *tx) DropUser(app uint32, user string) error {
	return t.do(func() error {
		if err := row.CheckText("user ID", user); err != nil {
			return err
		}
		return t.exec("DELETE FROM users WHERE app = ? AND user_id = ?", app, user)
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
		err := t.exec(`DELETE FROM once WHERE key = ?1 AND until <= ?2 OR key IN
			(SELECT key FROM once WHERE until <= ?2 ORDER BY until LIMIT 8)`, key, now.UnixMicro())
		if err != nil {
			return err
		}
		err = t.get(&earlier, "SELECT value FROM once WHERE key = ?", key)
		if err != nil || earlier != "" {
			return err
		}
		return t.exec("INSERT INTO once (key, value, until) VALUES (?, ?, ?)", key, value, until.UnixMicro())
	})
	if err != nil {
		return "", err
	}
	return earlier, nil
}
