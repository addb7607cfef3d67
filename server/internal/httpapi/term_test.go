package httpapi

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

type ofTest struct{}

// begun returns a term of a minute, and what cancels its request.
func begun(t *testing.T) (c *call, cancel context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), ofTest{}, "value"))
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	c = new(call)
	c.begin(r, time.Now().Add(time.Minute))
	return c, cancel
}

// A term is over when its time is, when the request is or when it was served, whether
// somebody waits or not.
func TestTerms(t *testing.T) {
	for name, over := range map[string]struct {
		end  func(c *call, cancel func())
		want error
	}{
		"time":    {func(*call, func()) { time.Sleep(time.Minute) }, context.DeadlineExceeded}, // in the bubble
		"request": {func(_ *call, cancel func()) { cancel() }, context.Canceled},
		"served":  {func(c *call, _ func()) { c.term.end() }, context.Canceled},
	} {
		for _, waited := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				c, cancel := begun(t)
				below := context.Background()
				if waited {
					var end func()
					below, end = context.WithCancel(&c.term)
					defer end()
				}
				if c.term.Err() != nil || below.Err() != nil {
					t.Errorf("%s: over before", name)
				}
				over.end(c, cancel)
				synctest.Wait()
				if waited && !errors.Is(below.Err(), over.want) {
					t.Errorf("%s: what was made of it says %v", name, below.Err())
				}
				if err := c.term.Err(); !errors.Is(err, over.want) {
					t.Errorf("%s: %v, want %v", name, err, over.want)
				}
				select {
				case <-c.term.Done():
				default:
					t.Errorf("%s: it goes on", name)
				}
				if err := c.term.Err(); !errors.Is(err, over.want) {
					t.Errorf("%s: then %v, want %v", name, err, over.want)
				}
				if callOf(&c.term) != c || c.term.Value(ofTest{}) != "value" {
					t.Errorf("%s: the values are gone", name)
				}
			})
		}
	}
}

// What nobody waits for costs nothing.
func TestTermsAreCheap(t *testing.T) {
	c, _ := begun(t)
	if n := testing.AllocsPerRun(100, func() {
		_, _, _ = c.term.Err(), c.term.Value(callKey{}), c.term.Value(ofTest{})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if until, ok := c.term.Deadline(); !ok || !until.Equal(c.term.until) {
		t.Errorf("it is until %v", until)
	}
}
