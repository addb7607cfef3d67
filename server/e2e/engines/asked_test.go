package engines

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// asked is what engines asked and what they were told.
type asked struct {
	mu    sync.Mutex
	lines []string
}

func (a *asked) recording(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		said := body.String()
		r.Body = io.NopCloser(strings.NewReader(said))
		reply := httptest.NewRecorder()
		h.ServeHTTP(reply, r)
		a.mu.Lock()
		a.lines = append(a.lines, fmt.Sprintf("%d %s %s -> %s", reply.Code, r.URL.Path, said, reply.Body))
		a.mu.Unlock()
		for k, v := range reply.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(reply.Code)
		_, _ = w.Write(reply.Body.Bytes())
	})
}

// has reports whether there was a reply of a status to a question with all these words.
func (a *asked) has(status int, words ...string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, line := range a.lines {
		all := strings.HasPrefix(line, fmt.Sprint(status, " "))
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			return true
		}
	}
	return false
}

func (a *asked) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.lines, "\n")
}
