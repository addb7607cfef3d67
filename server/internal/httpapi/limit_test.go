package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	limits := Options{PerSource: Limit{PerSecond: 0.5, Burst: 2}, PerKey: Limit{PerSecond: 1, Burst: 3}}
	run(t, limits, func(w *world) {
		ask := func(as, from string, want int) {
			t.Helper()
			got := w.do(request{as: as, method: "GET", path: "/v1/me", from: from})
			if got.Code != want {
				t.Fatalf("%s from %s: status %d, want %d", as, from, got.Code, want)
			}
			if after := got.Header().Get("Retry-After"); (after == "") == (want == http.StatusTooManyRequests) {
				t.Fatalf("%s from %s: Retry-After %q", as, from, after)
			}
		}
		for range 2 {
			ask("nobody", "192.0.2.1", http.StatusUnauthorized)
			ask("nobody", "2001:db8::1", http.StatusUnauthorized)
		}
		ask("nobody", "192.0.2.1", http.StatusTooManyRequests)
		ask("nobody", "2001:db8::ffff:1", http.StatusTooManyRequests) // the same subscriber
		ask("nobody", "2001:db8:0:1::1", http.StatusUnauthorized)
		ask("nobody", "192.0.2.2", http.StatusUnauthorized)
		// Strangers cannot use up what a back end behind the same address needs.
		for range 3 {
			ask("read", "192.0.2.1", http.StatusOK)
		}
		ask("read", "192.0.2.9", http.StatusTooManyRequests)
		ask("issue", "192.0.2.1", http.StatusOK)
		// Nor can anybody make the process look dead.
		if got := w.do(request{method: "GET", path: "/healthz"}); got.Code != http.StatusOK {
			t.Errorf("health: %d", got.Code)
		}
		if got := w.do(request{method: "GET", path: "/docs"}); got.Code != http.StatusTooManyRequests {
			t.Errorf("docs: %d", got.Code)
		}
		got := w.do(request{method: "POST", path: "/v4/im_open_login_svc/kick"})
		if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `"ErrorCode":60007`) || got.Header().Get("Retry-After") != "2" {
			t.Errorf("kick: %d %v %s", got.Code, got.Header(), got.Body)
		}
		time.Sleep(2 * time.Second) // in the bubble
		ask("nobody", "192.0.2.1", http.StatusUnauthorized)
		ask("nobody", "192.0.2.1", http.StatusTooManyRequests)
		ask("read", "192.0.2.1", http.StatusOK)
	})
}

func TestBucketsAreBounded(t *testing.T) {
	l := newLimiter(Limit{PerSecond: 1, Burst: 1})
	now := time.Unix(1, 0)
	for i := range mostBuckets + 10 {
		l.take(fmt.Sprint(i), now)
	}
	if len(l.all) != mostBuckets || l.order.Len() != mostBuckets {
		t.Errorf("%d buckets", len(l.all))
	}
	if l.take("9", now) != 0 || l.take(fmt.Sprint(mostBuckets), now) == 0 {
		t.Error("it is not the oldest that were dropped")
	}
	if newLimiter(Limit{PerSecond: 1}).take("x", now) == 0 {
		t.Error("a burst of nothing lets somebody in")
	}
	if newLimiter(Limit{}).take("x", now) != 0 {
		t.Error("no limit limits")
	}
}
