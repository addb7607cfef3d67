package issuer

import (
	"context"
	"time"

	"usersig/server/internal/audit"
)

// Store keeps what a [Service] must not forget. package storetest holds its
// promises as tests; a promise that is not there does not exist.
//
// The store is not trusted with secrets: private keys and SECRETKEYs are sealed
// before they reach it, API keys are hashed. It is trusted to be current: whoever
// can roll it back can revive a revoked user or a killed key.
type Store interface {
	// Commit runs act and then appends entries to the audit log, in one transaction:
	// either both are in effect when it returns nil, and survive a crash of the
	// process, or neither is. It sets Seq and Hash of the entries. Act may run more
	// than once and must not have effects but on tx and on the entries, which are
	// read after it; an error of act's is returned as it is. A nil act only appends.
	//
	// A commit with an act, and all before it, survive a crash of the machine as well.
	// One that only appends does within the second, or sooner if the store is told so:
	// what such a crash takes is the end of the log and nothing else.
	//
	// Commits are in one order for all processes that share a store, that of Seq.
	Commit(ctx context.Context, entries []*audit.Entry, act func(tx Tx) error) error

	// Changes returns every record that a commit after since has put, as it is now,
	// and the Seq of the last commit. Asked with 0 it returns everything there is.
	Changes(ctx context.Context, since int64) (Changes, error)

	// Audit returns up to limit entries with a Seq over after, in order: those of one
	// application, or all if app is 0.
	Audit(ctx context.Context, app uint32, after int64, limit int) ([]audit.Entry, error)

	// Watch returns a channel that receives after commits of other processes. It may
	// miss some and may fire for nothing: it only makes a poll come early. The
	// channel is closed when ctx ends.
	Watch(ctx context.Context) <-chan struct{}

	// Close releases what the store holds.
	Close() error
}

// Tx is what a commit can do.
type Tx interface {
	// App returns an application's record, or [ErrNotFound]. Nobody else can put it
	// until the commit ends.
	App(id uint32) (*Record, error)
	// PutApp stores a record.
	PutApp(r *Record) error
	// NextAppID returns an SDKAppID that no application has or had, or [ErrConflict] if
	// there is none left.
	NextAppID() (uint32, error)
	// User returns what is known about a user, the zero User if nothing is.
	User(app uint32, user string) (User, error)
	// PutUser stores what is known about a user.
	PutUser(app uint32, user string, u User) error
	// DropUser forgets a user. [Store.Changes] says nothing of it: it is for what makes no
	// difference any more.
	DropUser(app uint32, user string) error
	// Once remembers value under key until the given time and returns "", or returns
	// the value that an earlier commit remembered and that has not ended by now.
	Once(key, value string, now, until time.Time) (string, error)
}

// Changes is the answer of [Store.Changes].
type Changes struct {
	Seq   int64
	Apps  []*Record
	Users []UserRow
}

// UserRow is one user of one application.
type UserRow struct {
	App    uint32
	UserID string
	User   User
}
