package issuer

import (
	"net/netip"
	"sync"
	"time"
)

// Ten failed checks within a minute lock an application, user and source for a
// minute (code 70050). The source is part of it so that nobody can lock a victim
// out by sending bad tokens in their name from elsewhere. That holds for callers who
// say where the user's request came from; of others it is their own address.
const (
	mostFailures  = 10
	failureWindow = time.Minute
	// mostLocks bounds the memory that strangers can make the server use. When it is
	// full, what is over is dropped, and then everything: forgetting is the smaller harm.
	mostLocks = 1 << 16
)

type failureKey struct {
	app    uint32
	user   string
	source netip.Addr
}

type failures struct {
	mu  sync.Mutex
	all map[failureKey]*failure // guarded by mu
}

// failure counts failed checks since the window began, or says until when there is
// a lock.
type failure struct {
	since  time.Time
	n      int
	locked time.Time
}

func (f *failure) over(now time.Time) bool {
	return now.Sub(f.since) >= failureWindow && !now.Before(f.locked)
}

func (f *failures) locked(k failureKey, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	got := f.all[k]
	return got != nil && now.Before(got.locked)
}

func (f *failures) count(k failureKey, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	got := f.all[k]
	if got == nil || got.over(now) {
		f.makeRoom(now)
		got = &failure{since: now}
		f.all[k] = got
	}
	if got.n++; got.n >= mostFailures {
		*got = failure{since: now, locked: now.Add(failureWindow)}
	}
}

func (f *failures) makeRoom(now time.Time) {
	if f.all == nil {
		f.all = make(map[failureKey]*failure)
	}
	if len(f.all) < mostLocks {
		return
	}
	for k, got := range f.all {
		if got.over(now) {
			delete(f.all, k)
		}
	}
	if len(f.all) >= mostLocks {
		clear(f.all)
	}
}
