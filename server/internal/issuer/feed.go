package issuer

import (
	"slices"
	"sync"
)

// UserRef names a user of an application.
type UserRef struct {
	App    uint32
	UserID string
}

// Change is what a sync found to be new: these applications or users are not what they
// were. What they are now is for [Service.Recheck] and [Service.Settings] to say.
type Change struct {
	Apps  []uint32
	Users []UserRef
}

// feed tells people inside this process of changes. It is called by one goroutine at a
// time, that which holds [Service.syncing].
type feed struct {
	mu   sync.Mutex
	subs []*subscription // in the order in which they came; guarded by mu
}

type subscription struct{ fn func(Change) }

// Subscribe has fn called with every change of the store, here or on another node, once
// it is in effect here: what fn asks is answered with the change in view. Calls are in
// order and from one goroutine at a time. A change that this service makes is announced
// before the method that makes it returns, unless the store cannot be read back at once.
//
// Fn must not block, must not change what it is given, and must call no method that
// changes something or waits for one: nothing becomes known here until it returns.
//
// What happens by itself is not announced: a token that expires, a retired key whose time
// is over, a block that ends. Nor is what was before; look at that after Subscribe.
// When cancel returns no new call begins; one may be under way.
func (s *Service) Subscribe(fn func(Change)) (cancel func()) {
	f, sub := &s.feed, &subscription{fn}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subs = append(f.subs, sub)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.subs = slices.DeleteFunc(slices.Clone(f.subs), func(other *subscription) bool { return other == sub })
	}
}

// announce tells everybody, if there is something to tell.
func (f *feed) announce(c Change) {
	if len(c.Apps)+len(c.Users) == 0 {
		return
	}
	f.mu.Lock()
	subs := f.subs
	f.mu.Unlock()
	for _, sub := range subs {
		sub.fn(c)
	}
}
