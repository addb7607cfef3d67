package issuer

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"usersig/server/internal/audit"
)

// A journal commits audit entries of many requests at once. A request waits until
// its entries are in the log; while one commit is under way the next fills up. So the
// log loses nothing when the process is killed, and a busy server pays for one
// commit a batch and not one a token.
type journal struct {
	store Store
	wake  chan struct{} // of one: the queue is not empty
	slow  *time.Timer   // runs during a commit
	used  sync.Pool     // of *pending that nobody will answer any more

	mu    sync.Mutex
	queue []*pending // for the next commit; guarded by mu
	batch []*pending // of the commit under way; guarded by mu
	ended bool       // guarded by mu
}

type pending struct {
	entries []*audit.Entry
	// What became of them, and before that perhaps errSlow. Buffered for both, so that a
	// caller who gave up blocks nobody.
	done chan error
}

const (
	// mostEntries bounds one commit, and with it how long the first in it waits.
	mostEntries = 1024
	// patience is how long a commit takes before those who wait look at their contexts.
	patience = 50 * time.Millisecond
)

var (
	errSlow  = errors.New("the commit takes its time")
	errEnded = fmt.Errorf("%w: the service was closed", ErrUnavailable)
)

func newJournal(store Store) *journal {
	j := &journal{store: store, wake: make(chan struct{}, 1)}
	j.used.New = func() any { return &pending{done: make(chan error, 2)} }
	j.slow = time.AfterFunc(patience, j.tell)
	return j
}

// record returns when the entries are in the log. If the caller gives up waiting,
// they may be in the log all the same.
func (j *journal) record(ctx context.Context, entries ...*audit.Entry) error {
	p := j.used.Get().(*pending)
	p.entries = entries
	if !j.enter(p) {
		return errEnded
	}
	// Nearly always the answer is here before a context could matter, and to wait for a
	// context costs more than to be recorded.
	err := <-p.done
	for err == errSlow { //nolint:errorlint // it is never wrapped
		select {
		case err = <-p.done:
		case <-ctx.Done():
			j.leave(p)
			return ctx.Err() // p may be answered yet, and cannot be used again
		}
	}
	p.entries = nil
	j.used.Put(p)
	return err
}

// enter queues p, and reports false if nobody would answer it.
func (j *journal) enter(p *pending) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ended {
		return false
	}
	j.queue = append(j.queue, p)
	if len(j.queue) == 1 {
		j.rouse()
	}
	return true
}

// rouse has run look at the queue.
func (j *journal) rouse() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// leave takes p out of the queue if it is there: while the store hangs, those who gave up
// must not pile up.
func (j *journal) leave(p *pending) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := slices.Index(j.queue, p); i >= 0 {
		j.queue = slices.Delete(j.queue, i, i+1)
	}
}

// tell is called when a commit is slow, and again as long as it is: for those who came
// meanwhile.
func (j *journal) tell() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.batch) == 0 {
		return
	}
	for _, waiting := range [...][]*pending{j.batch, j.queue} {
		for _, p := range waiting {
			if len(p.done) == 0 { // the other place is that of the answer
				p.done <- errSlow
			}
		}
	}
	j.slow.Reset(patience)
}

// waiting returns how many requests wait for the next commit.
func (j *journal) waiting() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue)
}

// run commits until ctx ends, and then refuses what is left.
func (j *journal) run(ctx context.Context) {
	for {
		select {
		case <-j.wake:
			if entries := j.gather(); entries != nil {
				j.slow.Reset(patience)
				j.answer(j.store.Commit(ctx, entries, nil))
			}
		case <-ctx.Done():
			j.end(ctx.Err())
			return
		}
	}
}

// gather makes a batch of what waits, and returns its entries: nil if nobody waits.
func (j *journal) gather() (entries []*audit.Entry) {
	for before := 0; ; {
		n := j.waiting()
		if n == before || n >= mostEntries {
			break
		}
		// Requests that could run may be about to come. A processor that has
		// nothing else to do is back at once.
		before = n
		runtime.Gosched()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) == 0 {
		return nil
	}
	n := 0
	entries = make([]*audit.Entry, 0, len(j.queue))
	for n < len(j.queue) && len(entries) < mostEntries {
		entries = append(entries, j.queue[n].entries...)
		n++
	}
	j.batch = append(j.batch, j.queue[:n]...)
	j.queue = slices.Delete(j.queue, 0, n)
	if len(j.queue) > 0 {
		j.rouse()
	}
	return entries
}

// answer tells a batch what became of it.
func (j *journal) answer(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.slow.Stop()
	for _, p := range j.batch {
		p.done <- err
	}
	clear(j.batch)
	j.batch = j.batch[:0]
}

func (j *journal) end(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
	j.slow.Stop()
	for _, p := range j.queue {
		p.done <- err
	}
	j.queue = nil
}
