package daemon

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/httpapi"
	"usersig/server/internal/issuer"
	"usersig/server/internal/telemetry"
)

// front is what every request meets first: it knows whether the server is ending and
// which API is the current one, and counts the requests that are under way.
type front struct {
	api      atomic.Pointer[http.Handler]
	guests   atomic.Pointer[httpapi.API] // the same, for those of whom it lets in requests to others
	metrics  *telemetry.Metrics
	exposed  bool         // whether /metrics is served here
	media    http.Handler // of client SDKs, which stay for as long as a call; nil if there is none
	demo     http.Handler // nil if there is none
	hooks    http.Handler // of other media servers; nil if there are none
	turn     http.Handler // credentials for TURN servers; nil if there are none
	draining atomic.Bool
	underway atomic.Int64
}

// ServeHTTP implements [http.Handler].
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api := *f.api.Load()
	switch {
	case r.URL.Path == "/healthz" || r.URL.Path == "/readyz":
		// Always answered: a server that is busy must not be taken for one that is dead.
		api.ServeHTTP(w, r)
	case r.URL.Path == "/metrics" && f.exposed && !forwarded(r):
		bodyLast(w, r)
		f.metrics.Handler().ServeHTTP(w, r)
	case f.media != nil && isUnder("/rtc", r.URL.Path):
		bodyLast(w, r)
		f.media.ServeHTTP(w, r)
	case f.hooks != nil && isUnder("/hooks", r.URL.Path):
		bodyLast(w, r)
		f.counted(w, r, f.hooks)
	case f.turn != nil && r.URL.Path == "/turn":
		bodyLast(w, r)
		f.counted(w, r, f.turn)
	case f.demo != nil && isUnder("/demo", r.URL.Path):
		bodyLast(w, r)
		// Whoever reads a page slowly keeps nobody out.
		defer yield(r)()
		f.counted(w, r, f.demo)
	default:
		f.counted(w, r, api)
	}
}

// bodyLast has the reply go out before the body was read. Otherwise net/http reads what is
// left of it first, at the speed of the client. Who reads it to its end may keep the
// connection.
func bodyLast(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 && r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
}

func isUnder(folder, path string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// forwarded reports whether a proxy passed the request on. The address is loopback, but
// the client is not here then, and the metrics are not for the world.
func forwarded(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

func (f *front) counted(w http.ResponseWriter, r *http.Request, api http.Handler) {
	f.underway.Add(1)
	defer f.underway.Add(-1)
	defer f.metrics.Begin()()
	api.ServeHTTP(w, r)
}

// measured is a store whose commits are timed.
type measured struct {
	issuer.Store
	metrics *telemetry.Metrics
	tracer  *telemetry.Tracer
	clock   func() time.Time
}

// Commit implements [issuer.Store].
func (m *measured) Commit(ctx context.Context, entries []*audit.Entry, act func(issuer.Tx) error) error {
	ctx, end := m.tracer.Span(ctx, "store.commit")
	started := m.clock()
	err := m.Store.Commit(ctx, entries, act)
	m.metrics.Commit(m.clock().Sub(started), errors.Is(err, issuer.ErrUnavailable))
	end(err)
	return err
}

// routes tells the route of a request, for traces: a multiplexer that serves nothing.
type routes struct{ mux http.ServeMux }

// newRoutes takes patterns such as "GET /v1/apps/{sdkappid}".
func newRoutes(patterns []string) *routes {
	rt := &routes{}
	for _, p := range patterns {
		rt.mux.HandleFunc(p, http.NotFound)
	}
	return rt
}

// route returns the pattern that r matches. The path itself holds the client's words.
func (rt *routes) route(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, "/") {
		if _, pattern := rt.mux.Handler(r); pattern != "" {
			return pattern
		}
	}
	return "none"
}
