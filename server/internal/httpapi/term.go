package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// A term is the context of a call: it ends with the request, or when the time of the
// route is over. Only when somebody waits for that is it made of a timer and tied to the
// request. Most requests are answered before anybody does, and would spend more on it than
// on their token.
type term struct {
	context.Context // of the request
	call            *call
	until           time.Time

	mu     sync.Mutex
	ended  bool               // guarded by mu
	awaits context.Context    // nil until somebody waits; guarded by mu
	cancel context.CancelFunc // of awaits
}

// begin gives a call the time until then.
func (c *call) begin(r *http.Request, until time.Time) *term {
	t := &c.term
	t.Context, t.call, t.until = r.Context(), c, until
	return t
}

// end lets go of whoever waits still, when the request was served.
func (t *term) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	if t.cancel != nil {
		t.cancel()
	}
}

// awaited returns the context that can be waited for.
func (t *term) awaited() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.awaits == nil {
		t.awaits, t.cancel = context.WithDeadline(t.Context, t.until)
		if t.ended {
			t.cancel()
		}
	}
	return t.awaits
}

// nobodyWaits reports whether a term that goes on is still without what can be waited for.
func (t *term) nobodyWaits() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.awaits == nil && !t.ended
}

// Deadline implements [context.Context].
func (t *term) Deadline() (time.Time, bool) {
	if first, ok := t.Context.Deadline(); ok && first.Before(t.until) {
		return first, true
	}
	return t.until, true
}

// Done implements [context.Context].
func (t *term) Done() <-chan struct{} { return t.awaited().Done() }

// Err implements [context.Context].
func (t *term) Err() error {
	if t.nobodyWaits() && t.Context.Err() == nil && time.Until(t.until) > 0 {
		return nil
	}
	return t.awaited().Err()
}

// Value implements [context.Context].
func (t *term) Value(key any) any {
	switch {
	case key == callKey{}:
		return t.call
	case t.nobodyWaits():
		return t.Context.Value(key)
	}
	return t.awaited().Value(key) // so that a context made from t finds what it depends on
}
