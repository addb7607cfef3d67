package issuer

import (
	"context"
	"runtime"
	"sync"

	"usersig/server/internal/audit"
)

// A journal commits audit entries of many requests at once. A request waits until
// its entries are on disk; while one commit is under way the next fills up. So the
// log loses nothing when the process is killed, and a busy server pays for one
// commit a batch and not one a token.
type journal struct {
	store   Store
	pending chan *pending
	used    sync.Pool  // of *pending that nobody will answer any more
	batch   []*pending // of the commit under way; belongs to run
}

type pending struct {
	entries []*audit.Entry
	done    chan error // buffered, so that a caller who gave up blocks nobody
}

// mostEntries bounds one commit, and with it how long the first in it waits.
const mostEntries = 1024

func newJournal(store Store) *journal {
	j := &journal{store: store, pending: make(chan *pending, 256)}
	j.used.New = func() any { return &pending{done: make(chan error, 1)} }
	return j
}

// record returns when the entries are in the log. If the caller gives up waiting,
// they may be in the log all the same.
func (j *journal) record(ctx context.Context, entries ...*audit.Entry) error {
	p := j.used.Get().(*pending)
	p.entries = entries
	select {
	case j.pending <- p:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-p.done:
		p.entries = nil
		j.used.Put(p)
		return err
	case <-ctx.Done():
		return ctx.Err() // p will be answered yet, and cannot be used again
	}
}

// run commits until ctx ends, and then refuses what is left.
func (j *journal) run(ctx context.Context) {
	for {
		select {
		case p := <-j.pending:
			j.commit(ctx, j.gather(p))
			clear(j.batch)
		case <-ctx.Done():
			j.refuse(ctx.Err())
			return
		}
	}
}

// gather takes what else is waiting, and returns how many entries that is.
func (j *journal) gather(first *pending) (n int) {
	j.batch, n = append(j.batch[:0], first), len(first.entries)
	for yielded := false; n < mostEntries; {
		select {
		case p := <-j.pending:
			j.batch, n, yielded = append(j.batch, p), n+len(p.entries), false
		default:
			if yielded {
				return n
			}
			// Requests that could run may be about to come. A processor that has
			// nothing else to do is back at once.
			runtime.Gosched()
			yielded = true
		}
	}
	return n
}

func (j *journal) commit(ctx context.Context, n int) {
	entries := make([]*audit.Entry, 0, n)
	for _, p := range j.batch {
		entries = append(entries, p.entries...)
	}
	err := j.store.Commit(ctx, entries, nil)
	for _, p := range j.batch {
		p.done <- err
	}
}

func (j *journal) refuse(err error) {
	for {
		select {
		case p := <-j.pending:
			p.done <- err
		default:
			return
		}
	}
}
