package quickstart_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// front is a proxy before the server that answers the first requests itself.
type front struct {
	*httptest.Server
	mu     sync.Mutex
	times  []time.Time // of the requests
	first  []http.HandlerFunc
	always http.HandlerFunc
}

func (q *quickstart) front(t *testing.T, always http.HandlerFunc, first ...http.HandlerFunc) *front {
	t.Helper()
	if always == nil {
		base, err := url.Parse(q.base)
		if err != nil {
			t.Fatal(err)
		}
		always = httputil.NewSingleHostReverseProxy(base).ServeHTTP
	}
	f := &front{first: first, always: always}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// ServeHTTP implements [http.Handler].
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	answer := f.always
	if n := len(f.times); n < len(f.first) {
		answer = f.first[n]
	}
	f.times = append(f.times, time.Now())
	f.mu.Unlock()
	answer(w, r)
}

// later answers as the server does when it cannot answer now.
func later(status int, reason string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"/docs#%s","title":"Not now","status":%d,"reason":"%[1]s","request_id":"R1"}`, reason, status)
	}
}
