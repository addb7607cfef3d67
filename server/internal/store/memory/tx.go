package memory

import (
	"errors"
	"fmt"
	"math"
	"time"

	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// tx is a draft of what one commit changes.
type tx struct {
	store    *Store
	recorded bool  // the commit has an audit entry
	done     bool  // the commit has ended
	failed   error // the first call that failed: the commit fails too

	next  int64
	apps  map[uint32]string
	users map[userKey]string // empty for one that is dropped
	once  map[string]memo
	now   time.Time // of the last Once
}

func newTx(s *Store, recorded bool) *tx {
	return &tx{
		store: s, recorded: recorded, next: s.next,
		apps: map[uint32]string{}, users: map[userKey]string{}, once: map[string]memo{},
	}
}

var (
	errEnded  = errors.New("the commit has ended")
	errAppIDs = fmt.Errorf("%w: there is no SDKAppID left", issuer.ErrConflict)
)

// do runs f unless the commit has ended or failed before, and remembers its failure.
func (t *tx) do(f func() error) error {
	if t.done {
		return errEnded
	}
	if t.failed == nil {
		t.failed = f()
	}
	return t.failed
}

// App implements [issuer.Tx].
func (t *tx) App(id uint32) (*issuer.Record, error) {
	var r *issuer.Record
	err := t.do(func() (err error) {
		text, known := t.apps[id]
		if !known {
			text = t.store.apps[id].text
		}
		if text != "" {
			r, err = row.DecodeRecord(text)
		}
		return err
	})
	if err == nil && r == nil {
		return nil, issuer.ErrNotFound
	}
	return r, err
}

// PutApp implements [issuer.Tx].
func (t *tx) PutApp(r *issuer.Record) error {
	return t.do(func() error {
		if !t.recorded {
			return row.ErrNoEntry
		}
		text, err := row.EncodeRecord(r)
		if err == nil {
			t.apps[r.App.ID] = text
		}
		return err
	})
}

// NextAppID implements [issuer.Tx].
func (t *tx) NextAppID() (uint32, error) {
	var id uint32
	err := t.do(func() error {
		for t.next <= math.MaxUint32 {
			id = uint32(t.next) //nolint:gosec // it was looked at
			t.next++
			_, drafted := t.apps[id]
			if _, stored := t.store.apps[id]; !stored && !drafted {
				return nil
			}
		}
		id = 0
		return errAppIDs
	})
	return id, err
}

// User implements [issuer.Tx].
func (t *tx) User(app uint32, user string) (issuer.User, error) {
	var u issuer.User
	err := t.do(func() (err error) {
		if err := row.CheckText("user ID", user); err != nil {
			return err
		}
		key := userKey{app, user}
		text, known := t.users[key]
		if !known {
			text = t.store.users[key].text
		}
		if text != "" {
			u, err = row.DecodeUser(text)
		}
		return err
	})
	return u, err
}

// PutUser implements [issuer.Tx].
func (t *tx) PutUser(app uint32, user string, u issuer.User) error {
	return t.do(func() error {
		if !t.recorded {
			return row.ErrNoEntry
		}
		if err := row.CheckText("user ID", user); err != nil {
			return err
		}
		text, err := row.EncodeUser(u)
		if err == nil {
			t.users[userKey{app, user}] = text
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
		t.users[userKey{app, user}] = ""
		return nil
	})
}

// Once implements [issuer.Tx].
func (t *tx) Once(key, value string, now, until time.Time) (string, error) {
	var earlier string
	err := t.do(func() error {
		if err := row.CheckOnce(key, value); err != nil {
			return err
		}
		m, known := t.once[key]
		if !known {
			m = t.store.once[key]
		}
		if now.Before(m.until) {
			earlier = m.value
			return nil
		}
		t.once[key], t.now = memo{value, until}, now
		return nil
	})
	return earlier, err
}
