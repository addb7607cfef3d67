package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/issuer"
)

// What is answered when there is no room, or the server is ending, is of the same form as
// every other problem: who looks for request_id finds it.
func TestUnavailableIsAProblem(t *testing.T) {
	ending := false
	run(t, Options{Ending: func() bool { return ending }}, func(w *world) {
		check := func(as, path, detail string) {
			t.Helper()
			got := w.do(request{as: as, method: "GET", path: path})
			want := fmt.Sprintf(`{"type":"/docs#unavailable","title":"The server cannot answer now","status":503,"reason":"unavailable","detail":%q,"request_id":%q}`,
				detail, got.Header().Get("X-Request-Id"))
			if got.Code != http.StatusServiceUnavailable || strings.TrimSpace(got.Body.String()) != want {
				t.Errorf("GET %s = %d %s, want %s", path, got.Code, got.Body, want)
			}
			h := got.Header()
			if h.Get("X-Request-Id") == "" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Retry-After") != "1" ||
				h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("GET %s has the headers %v", path, h)
			}
		}
		kick := w.kickPath()
		w.api.slots.all.Store(w.api.slots.most)
		check("read", "/v1/me", "too many requests are under way")
		check("nobody", "/v1/me", "too many requests are under way")
		check("nobody", "/docs", "too many requests are under way")
		w.unavailableKick(kick)
		w.api.slots.all.Store(0)

		ending = true
		check("nobody", "/readyz", "the server is ending")
		if got := w.do(request{method: "GET", path: "/healthz"}); got.Code != http.StatusOK {
			t.Errorf("GET /healthz = %d of a server that is ending", got.Code)
		}
		ending = false

		w.fail(fmt.Errorf("%w: disk full", issuer.ErrUnavailable))
		w.unavailableKick(kick)
		time.Sleep(31 * time.Second) // in the bubble: what is known is too old
		w.unavailableKick(kick)
	})
}

// unavailableKick wants Tencent's form, with what a client of ours needs in the headers.
func (w *world) unavailableKick(path string) {
	w.t.Helper()
	got := w.do(request{method: "POST", path: path, body: `{"Identifier":"alice"}`})
	h := got.Header()
	if got.Code != http.StatusOK || !strings.HasPrefix(got.Body.String(), `{"ActionStatus":"FAIL",`) ||
		!strings.Contains(got.Body.String(), `"ErrorCode":70169}`) || h.Get("Retry-After") != "1" || h.Get("X-Request-Id") == "" {
		w.t.Errorf("kick = %d %v %s, want Tencent's form and Retry-After", got.Code, h, got.Body)
	}
}
