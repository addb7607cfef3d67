package issuer

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func key(user, source string) failureKey {
	return failureKey{FirstAppID, user, netip.MustParseAddr(source)}
}

func (f *failures) fill(k failureKey, now time.Time) {
	for range mostFailures {
		f.count(k, now)
	}
}

// Whoever floods with made-up user IDs lifts no lock.
func TestFloodLiftsNoLock(t *testing.T) {
	var f failures
	now := time.Unix(1e9, 0)
	victim := key("victim", "192.0.2.1")
	f.fill(victim, now)
	for i := range 3 * mostCounted {
		f.count(key(fmt.Sprint(i), "198.51.100.1"), now)
	}
	if !f.locked(victim, now) || !f.locked(victim, now.Add(failureWindow-1)) || f.locked(victim, now.Add(failureWindow)) {
		t.Error("the lock is not in force for its minute")
	}
	if len(f.all) > mostCounted || f.counts.Len()+f.locks.Len() != len(f.all) {
		t.Errorf("%d entries, %d counts, %d locks", len(f.all), f.counts.Len(), f.locks.Len())
	}
	if f.locked(key("alice", "198.51.100.1"), now) {
		t.Error("counts alone lock a whole source")
	}
}

// When there is room for nothing but locks, the source that wants more is locked, whole,
// and nobody else.
func TestFullOfLocks(t *testing.T) {
	var f failures
	now := time.Unix(1e9, 0)
	for i := range mostCounted {
		f.fill(key(fmt.Sprint(i), "198.51.100.1"), now)
	}
	f.count(key("next", "2001:db8::1"), now)
	if !f.locked(key("0", "198.51.100.1"), now) || !f.locked(key("anybody", "2001:db8::2"), now) {
		t.Error("something was forgotten")
	}
	if f.locked(key("anybody", "2001:db8:0:1::2"), now) || f.locked(key("anybody", "198.51.100.2"), now) {
		t.Error("the source of somebody else is locked")
	}
	later := now.Add(failureWindow)
	f.count(key("next", "2001:db8::1"), later)
	if len(f.all) != 1 || f.locked(key("anybody", "2001:db8::2"), later) {
		t.Errorf("a minute later, %d are remembered", len(f.all))
	}
	for i := range 3 * mostCounted {
		f.lock(uint64(i), later)
	}
	if f.locks.Len() != 2*mostCounted || len(f.all) != f.counts.Len()+f.locks.Len() {
		t.Errorf("%d locks", f.locks.Len())
	}
}

// A minute without failures begins anew, and the addresses of one subscriber are one.
func TestCounting(t *testing.T) {
	var f failures
	now := time.Unix(1e9, 0)
	long := strings.Repeat("é", 1<<15)
	for i := range mostFailures - 1 {
		f.count(key(long, fmt.Sprintf("2001:db8::%x", i)), now)
	}
	now = now.Add(failureWindow)
	f.count(key(long, "2001:db8::1"), now)
	if f.locked(key(long, "2001:db8::1"), now) {
		t.Error("failures of the minute before are counted")
	}
	for range mostFailures - 1 {
		f.count(key(long, "2001:db8::1"), now)
	}
	if !f.locked(key(long, "2001:db8::ffff"), now) || f.locked(key(long+"x", "2001:db8::1"), now) {
		t.Error("ten failures do not lock the one they are about")
	}
	f.count(key(long, "2001:db8::1"), now.Add(time.Second)) // of the same moment as the tenth
	if f.locked(key(long, "2001:db8::1"), now.Add(failureWindow)) {
		t.Error("a failure while there is a lock makes it longer")
	}
}
