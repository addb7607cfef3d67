package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/issuer"
)

// TestNotReady: a probe is told that it is the store, and does not fill the log while
// that lasts.
func TestNotReady(t *testing.T) {
	run(t, Options{}, func(w *world) {
		w.fail(fmt.Errorf("%w: dial tcp 10.0.0.5:5432", issuer.ErrUnavailable))
		time.Sleep(31 * time.Second)
		for range 5 {
			got := w.do(request{method: "GET", path: "/readyz"})
			if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "the store has been out of reach for too long") {
				t.Errorf("%d %s", got.Code, got.Body)
			}
			if got := w.do(request{as: "operator", method: "GET", path: "/v1/me"}); got.Code != http.StatusServiceUnavailable {
				t.Errorf("/v1/me: %d %s", got.Code, got.Body)
			}
		}
		if w.logs.String() != "" {
			t.Errorf("the log: %s", &w.logs)
		}
	})
}
