package issuer

import (
	"container/list"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Ten failed checks within a minute lock an application, user and source for a
// minute (code 70050). The source is part of it so that nobody can lock a victim
// out by sending bad tokens in their name from elsewhere. Of a check whose source is
// not known nothing is counted: a lock would be everybody's.
const (
	mostFailures  = 10
	failureWindow = time.Minute
	// mostCounted bounds the memory that strangers can make the server use.
	mostCounted = 1 << 16
)

type failureKey struct {
	app    uint32
	user   string
	source netip.Addr
}

// Subscriber is what of an address is counted: with IPv6, a subscriber has 2⁶⁴ of them
// and would never be locked.
func Subscriber(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// failures remembers who failed. When it is full, the count that was not added to for
// longest makes room. A lock never does, or whoever sends bad tokens in made-up names
// could lift it: where there is nothing but locks, the whole source is locked that
// would need more room.
type failures struct {
	mu     sync.Mutex
	seed   maphash.Seed             // guarded by mu
	all    map[uint64]*list.Element // of *failure, by hash: a user ID may be long; guarded by mu
	counts *list.List               // the oldest first; guarded by mu
	locks  *list.List               // the first to end first; guarded by mu
}

// failure counts failed checks since the window began, or says until when there is
// a lock.
type failure struct {
	key    uint64
	since  time.Time
	n      int
	locked time.Time
}

// hash returns the name of a key, which nobody outside can guess and so nobody can
// share with a victim's.
func (f *failures) hash(app uint32, user string, source netip.Addr) uint64 {
	if f.all == nil {
		f.seed, f.all, f.counts, f.locks = maphash.MakeSeed(), make(map[uint64]*list.Element), list.New(), list.New()
	}
	return maphash.Comparable(f.seed, failureKey{app, user, source})
}

func (f *failures) locked(k failureKey, now time.Time) bool {
	from := Subscriber(k.source)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.isLocked(f.hash(k.app, k.user, from), now) || f.isLocked(f.hash(0, "", from), now)
}

func (f *failures) isLocked(key uint64, now time.Time) bool {
	e := f.all[key]
	return e != nil && now.Before(e.Value.(*failure).locked)
}

func (f *failures) count(k failureKey, now time.Time) {
	from := Subscriber(k.source)
	f.mu.Lock()
	defer f.mu.Unlock()
	key := f.hash(k.app, k.user, from)
	f.release(now)
	e := f.all[key]
	if e == nil {
		if !f.makeRoom() {
			f.lock(f.hash(0, "", from), now)
			return
		}
		e = f.counts.PushBack(&failure{key: key, since: now})
		f.all[key] = e
	}
	got := e.Value.(*failure)
	switch {
	case now.Before(got.locked): // by another check of the same moment
		return
	case now.Sub(got.since) >= failureWindow:
		got.since, got.n = now, 0
	}
	f.counts.MoveToBack(e)
	if got.n++; got.n >= mostFailures {
		f.lock(key, now)
	}
}

// release forgets the locks that are over.
func (f *failures) release(now time.Time) {
	for e := f.locks.Front(); e != nil && !now.Before(e.Value.(*failure).locked); e = f.locks.Front() {
		f.forget(f.locks, e)
	}
}

// makeRoom reports false if there is nothing but locks.
func (f *failures) makeRoom() bool {
	if len(f.all) < mostCounted {
		return true
	}
	oldest := f.counts.Front()
	if oldest == nil {
		return false
	}
	f.forget(f.counts, oldest)
	return true
}

// lock locks a key. Sources are beyond what else is remembered, and as many: it takes
// more addresses than that to end a lock before its time.
func (f *failures) lock(key uint64, now time.Time) {
	if e := f.all[key]; e != nil {
		if now.Before(e.Value.(*failure).locked) {
			return
		}
		f.forget(f.counts, e)
	}
	if f.locks.Len() >= 2*mostCounted {
		f.forget(f.locks, f.locks.Front())
	}
	f.all[key] = f.locks.PushBack(&failure{key: key, locked: now.Add(failureWindow)})
}

func (f *failures) forget(from *list.List, e *list.Element) {
	delete(f.all, e.Value.(*failure).key)
	from.Remove(e)
}
