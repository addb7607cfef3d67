package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

func (w *world) fill(n int) {
	for i := range n {
		entry := &audit.Entry{At: time.Now(), Caller: "filler", Action: "token.verify", App: w.app("app"), Subject: fmt.Sprintf("<user %d & co>", i), Outcome: audit.Done}
		w.ok(w.store.Commit(w.t.Context(), []*audit.Entry{entry}, nil))
	}
}

func TestExport(t *testing.T) {
	run(t, Options{}, func(w *world) {
		w.fill(2*exportPage + 7)
		got := w.do(request{as: "operator", method: "GET", path: "/v1/audit", header: http.Header{"Accept": {ndjson}}})
		var c audit.Checker
		lines := bytes.Split(bytes.TrimSpace(got.Body.Bytes()), []byte("\n"))
		for _, line := range lines {
			w.ok(c.Next(decode[audit.Entry](w, line)))
		}
		if len(lines) < 2*exportPage+7 || got.Header().Get("Content-Type") != ndjson {
			t.Errorf("%d lines of %s", len(lines), got.Header().Get("Content-Type"))
		}
	})
}

func TestExportBreaksOff(t *testing.T) {
	run(t, Options{}, func(w *world) {
		w.fill(exportPage + 100)
		r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/v1/audit", nil)
		r.Header.Set("Authorization", "Bearer "+w.keys["operator"])
		r.Header.Set("Accept", ndjson)
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the connection is not cut")
			}
			if last := w.seen[len(w.seen)-1]; last.outcome != "broken_off" {
				t.Errorf("observed %v", last)
			}
		}()
		got := httptest.NewRecorder()
		w.api.ServeHTTP(writerFunc{got, func() { w.fail(issuer.ErrUnavailable) }}, r)
	})
}

// writerFunc calls f at each write.
type writerFunc struct {
	http.ResponseWriter
	f func()
}

func (w writerFunc) Write(b []byte) (int, error) {
	w.f()
	return w.ResponseWriter.Write(b)
}
