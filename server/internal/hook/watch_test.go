package hook

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"usersig/server/internal/gate"
)

const otherID = "1f8fad5b-d9cb-469f-a165-70867728950e"

// looks lets time pass for a number of looks at MediaMTX.
func looks(n int) { time.Sleep(time.Duration(n)*lookEvery + time.Second) }

// A stream that was let in before this server started ends, and its client is asked about
// when it comes back. Nobody watches over it, so a revocation would not end it. That no
// request comes meanwhile changes nothing.
func TestMediaMTXStrangersEnd(t *testing.T) {
	runWith(t, gate.Options{}, withAPI, func(w *world) {
		shown := query("UserSig", w.sig("alice"))
		w.mtx.set(func() { w.mtx.conns[otherID] = true })
		w.want(w.mediamtx(fields{"query": shown}), 204, "")
		w.mtx.set(func() { w.mtx.conns[someID] = true })
		looks(1)
		if got := w.mtx.log(); got != "" {
			t.Errorf("ended at the first look, when it could be on its way in: %s", got)
		}
		looks(1)
		if got := w.mtx.log(); got != "rtmpconn "+otherID {
			t.Errorf("ended: %q, want the stranger", got)
		}
		looks(3)
		if got := w.mtx.log(); got != "rtmpconn "+otherID {
			t.Errorf("ended later: %q", got)
		}
	})
}

// Connections that have not begun may still be asked about, and a list that could not be
// had, or that misses some, ends nothing.
func TestMediaMTXOnlyStrangersEnd(t *testing.T) {
	runWith(t, gate.Options{}, withAPI, func(w *world) {
		w.mtx.set(func() { w.mtx.conns[otherID] = false })
		looks(3)
		w.mtx.set(func() { w.mtx.down, w.mtx.conns[otherID] = true, true })
		looks(3)
		w.mtx.set(func() { w.mtx.down = false })
		looks(1)
		if got := w.mtx.log(); got != "" {
			t.Errorf("ended: %s", got)
		}
		looks(1)
		if got := w.mtx.log(); got != "rtmpconn "+otherID {
			t.Errorf("ended: %q, want the stranger", got)
		}
	})
}

// book is the claims of several nodes.
type book struct {
	mu     sync.Mutex
	until  map[string]time.Time
	failed error
}

func (b *book) Claim(_ context.Context, ids []string, ttl time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		b.until[id] = time.Now().Add(ttl)
	}
	return b.failed
}

func (b *book) Claimed(context.Context, []string) (map[string]bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	claimed := map[string]bool{}
	for id, until := range b.until {
		claimed[id] = until.After(time.Now())
	}
	return claimed, b.failed
}

// Of several nodes that share a MediaMTX, none ends what another watches over, and what a
// dead one did is ended by the others.
func TestMediaMTXSharedByNodes(t *testing.T) {
	b := &book{until: map[string]time.Time{}}
	opts := withAPI
	opts.Shared, opts.Claims = true, b
	runWith(t, gate.Options{}, opts, func(w *world) {
		w.mtx.set(func() { w.mtx.conns[someID], w.mtx.conns[otherID] = true, true })
		w.ok(b.Claim(t.Context(), []string{otherID}, time.Minute))
		w.want(w.mediamtx(fields{"query": query("UserSig", w.sig("alice"))}), 204, "")
		if mine, err := b.Claimed(t.Context(), nil); err != nil || !mine[someID] {
			t.Error("other nodes were not told before the stream began")
		}
		looks(8)
		if got := w.mtx.log(); got != "" {
			t.Errorf("ended: %s", got)
		}
		if mine, err := b.Claimed(t.Context(), nil); err != nil || !mine[someID] {
			t.Error("other nodes are not told any more")
		}
		// Who cannot be asked ends nothing.
		b.mu.Lock()
		b.failed = errors.New("down")
		b.mu.Unlock()
		time.Sleep(time.Minute)
		if got := w.mtx.log(); got != "" {
			t.Errorf("ended without an answer: %s", got)
		}
		b.mu.Lock()
		b.failed = nil
		b.mu.Unlock()
		looks(2)
		if got := w.mtx.log(); got != "rtmpconn "+otherID {
			t.Errorf("ended: %q, want the dead node's", got)
		}
	})
}

// Without a way to know of other nodes' streams, they are left alone.
func TestMediaMTXSharedWithoutClaims(t *testing.T) {
	opts := withAPI
	opts.Shared = true
	runWith(t, gate.Options{}, opts, func(w *world) {
		w.mtx.set(func() { w.mtx.conns[otherID] = true })
		looks(5)
		if got := w.mtx.log(); got != "" {
			t.Errorf("ended: %s", got)
		}
	})
}

// What engines say nothing more of is forgotten though nobody asks anything.
func TestSilentStreamsAreForgotten(t *testing.T) {
	run(t, func(w *world) {
		w.want(w.nginx("publish", w.stream("alice"), query("UserSig", w.sig("alice"))), 204, "")
		time.Sleep(silence)
		if n := len(w.hooks.table.all()); n != 1 {
			t.Errorf("%d are watched, want 1", n)
		}
		looks(1)
		if n := len(w.hooks.table.all()); n != 0 {
			t.Errorf("%d are still watched", n)
		}
	})
}
