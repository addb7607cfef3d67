package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var (
	office = netip.MustParseAddr("192.0.2.1")
	home   = netip.MustParseAddr("192.0.2.2")
)

// guest lets a request in, or returns why not.
func (w *world) guest(ctx context.Context, from netip.Addr) (done func(bool), status int, after time.Duration) {
	w.t.Helper()
	done, err := w.api.Guest(ctx, from)
	if turned, ok := errors.AsType[*Turned](err); ok {
		return nil, turned.Status, turned.RetryAfter
	}
	w.ok(err)
	return done, 0, 0
}

// TestGuestsPayForFailures: who proves who they are pays nothing, however many they are;
// others have what limits.per_source says.
func TestGuestsPayForFailures(t *testing.T) {
	run(t, Options{PerSource: Limit{PerSecond: 0.5, Burst: 2}}, func(w *world) {
		ask := func(from netip.Addr, proved bool, want int) (after time.Duration) {
			t.Helper()
			done, status, after := w.guest(w.t.Context(), from)
			if status != want {
				t.Fatalf("from %s: %d, want %d", from, status, want)
			}
			if done != nil {
				done(proved)
			}
			return after
		}
		for range 100 {
			ask(office, true, 0)
		}
		ask(office, false, 0)
		ask(office, false, 0)
		if after := ask(office, true, http.StatusTooManyRequests); after != 2*time.Second {
			t.Errorf("the next one may come after %v", after)
		}
		ask(home, false, 0)
		if got := w.do(request{method: "GET", path: "/docs", from: office.String()}); got.Code != http.StatusTooManyRequests {
			t.Errorf("the API counts apart: %d", got.Code)
		}
		time.Sleep(2 * time.Second) // in the bubble
		ask(office, false, 0)
		ask(office, false, http.StatusTooManyRequests)
	})
}

// TestGuestsWait: of an address as many are let in at once as of strangers. The others
// wait for them, but not for ever, and take nothing from other addresses.
func TestGuestsWait(t *testing.T) {
	run(t, Options{}, func(w *world) {
		var in []func(bool)
		for range mostOfSource {
			done, status, _ := w.guest(w.t.Context(), office)
			if done == nil {
				t.Fatal(status)
			}
			in = append(in, done)
		}
		got := make(chan int, 3)
		wait := func(ctx context.Context) {
			go func() {
				done, status, _ := w.guest(ctx, office)
				if done != nil {
					done(true)
				}
				got <- status
			}()
			synctest.Wait() // so that they queue in this order
		}
		gone, leave := context.WithCancel(w.t.Context())
		wait(gone)
		wait(w.t.Context())
		wait(w.t.Context())
		if done, status, _ := w.guest(w.t.Context(), home); done == nil {
			t.Errorf("another address: %d", status)
		} else {
			done(true)
		}
		leave()
		if status := <-got; status != http.StatusTooManyRequests {
			t.Errorf("who has left: %d", status)
		}
		in[0](true)
		for range 2 {
			if status := <-got; status != 0 {
				t.Errorf("who waited: %d", status)
			}
		}
		if done, _, _ := w.guest(w.t.Context(), office); done == nil {
			t.Fatal("the slot was not given back")
		}
		began := time.Now()
		if _, status, _ := w.guest(w.t.Context(), office); status != http.StatusTooManyRequests || time.Since(began) != patience {
			t.Errorf("who waits for nothing: %d after %v", status, time.Since(began))
		}
		if s := w.api.guests; len(s.waiting) > 0 {
			t.Errorf("still waiting: %v", s.waiting)
		}
	})
}

// TestGuestsAreNoStrangers: those who hold what strangers may have of the API hold none of
// this, and the other way round.
func TestGuestsAreNoStrangers(t *testing.T) {
	run(t, Options{Requests: 4}, func(w *world) {
		s := w.api
		held, p := s.slots.stranger("198.51.100.7")
		if p != nil {
			t.Fatal(p)
		}
		defer s.slots.release(&held)
		done, status, _ := w.guest(w.t.Context(), office)
		if done == nil {
			t.Fatalf("no guest is let in: %d", status)
		}
		defer done(true)
		if _, status, after := w.guest(w.t.Context(), home); status != http.StatusServiceUnavailable || after != time.Second {
			t.Errorf("one too many in all: %d, after %v", status, after)
		}
	})
}
