package httpapi

import (
	"sync"
	"sync/atomic"
)

// mostOfSource is how many requests of one address that has not proved who it is are
// worked on at once.
const mostOfSource = 16

// slots bound how many requests are worked on at once. Of those who have not proved who
// they are it is a quarter at most, so that whoever has an API key gets through however
// many strangers there are and however slowly they read and write.
type slots struct {
	most, mostStrangers int64
	all, strangers      atomic.Int64

	mu      sync.Mutex
	of      map[string]int             // strangers, by source; guarded by mu
	waiting map[string][]chan struct{} // those who wait until one of their source has gone; guarded by mu
}

// slot is what a request holds of slots. The zero slot is none.
type slot struct {
	held   bool
	source string // of a stranger; empty for whoever is known
}

func newSlots(most int) *slots {
	return &slots{most: int64(most), mostStrangers: max(1, int64(most)/4), of: make(map[string]int)}
}

// known takes a slot for somebody who is known.
func (s *slots) known() (slot, *problem) {
	if !atMost(&s.all, s.most) {
		return slot{}, tooMany()
	}
	return slot{held: true}, nil
}

// stranger takes a slot for somebody who is not.
func (s *slots) stranger(source string) (slot, *problem) {
	if !atMost(&s.strangers, s.mostStrangers) {
		return slot{}, tooMany()
	}
	if !s.enter(source) {
		s.strangers.Add(-1)
		p := problemAs(kindLimited, "too many requests from this address are under way")
		p.retryAfter = 1
		return slot{}, p
	}
	if !atMost(&s.all, s.most) {
		s.leave(source)
		return slot{}, tooMany()
	}
	return slot{held: true, source: source}, nil
}

// prove makes the slot of a stranger that of somebody who is known.
func (s *slots) prove(held *slot) {
	if held.source != "" {
		s.leave(held.source)
		held.source = ""
	}
}

// release gives a slot back.
func (s *slots) release(held *slot) {
	if !held.held {
		return
	}
	s.prove(held)
	s.all.Add(-1)
	held.held = false
}

func (s *slots) enter(source string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[source] >= mostOfSource {
		return false
	}
	s.of[source]++
	return true
}

func (s *slots) leave(source string) {
	s.mu.Lock()
	if s.of[source]--; s.of[source] == 0 {
		delete(s.of, source)
	}
	s.strangers.Add(-1) // before the next one tries
	s.call(source)
	s.mu.Unlock()
}

// atMost adds one to n unless that is more than most. It is never over, not for a moment:
// those who are turned away must not take anybody's place.
func atMost(n *atomic.Int64, most int64) bool {
	for {
		was := n.Load()
		if was >= most {
			return false
		}
		if n.CompareAndSwap(was, was+1) {
			return true
		}
	}
}

func tooMany() *problem { return problemAs(kindUnavailable, "too many requests are under way") }
