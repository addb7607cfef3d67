package daemon

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/config"
	"usersig/server/internal/telemetry"
)

// TestTraces: a request's span has its route and not its path.
func TestTraces(t *testing.T) {
	var sent syncBuffer
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(&sent, r.Body)
	}))
	defer receiver.Close()
	dir := t.TempDir()
	r := start(t, configure(t, func(c *config.Config) {
		c.Data, c.Init, c.Trace.Endpoint = dir, true, receiver.URL+"/v1/traces"
	}), Options{})
	app := r.hosted()
	token := r.issue(app, "alice-of-traces")
	r.text("PUT", app+"/users/alice-of-traces/block", object{"until": "2099-01-01T00:00:00Z"})
	r.text("POST", "/v4/im_open_login_svc/kick?usersig="+token, nil)
	r.text("GET", "/nosuch-path", nil)
	if err := r.stop(); err != nil { // sends what is left
		t.Fatal(err)
	}
	got := sent.String()
	for _, want := range []string{
		"POST /v1/apps/{sdkappid}/usersigs", "PUT /v1/apps/{sdkappid}/users/{userid}/block", "POST /v4/im_open_login_svc/kick",
		"none", "store.commit", "usersigd",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no span says %q", want)
		}
	}
	for _, not := range []string{"alice-of-traces", "nosuch-path", token, r.token, app} {
		if strings.Contains(got, not) {
			t.Errorf("the spans have %q", not)
		}
	}
}

// TestTracedRepliesHaveDeadlines: behind the traces, the API still says how long a client
// may take for a reply.
func TestTracedRepliesHaveDeadlines(t *testing.T) {
	tracer, err := telemetry.NewTracer(t.Context(), "http://127.0.0.1:1/v1/traces", 0, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(tracer.Requests(handler, func(*http.Request) string { return "none" }))
	defer server.Close()
	got, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = got.Body.Close()
}

func TestPatterns(t *testing.T) {
	r := start(t, fresh(t, t.TempDir()), Options{})
	patterns, err := patternsOf(t.Context(), *r.front.api.Load())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GET /healthz", "POST /v1/apps/{sdkappid}/usersigs:batch", "DELETE /v1/apps/{sdkappid}/apikeys/{id}"} {
		if !slices.Contains(patterns, want) {
			t.Errorf("there is no %q in %q", want, patterns)
		}
	}
	rt := newRoutes(patterns)
	for _, c := range []struct{ method, path, want string }{
		{"POST", "/v1/apps/1/users/a%2Fb/revoke", "POST /v1/apps/{sdkappid}/users/{userid}/revoke"},
		{"GET", "/alice", "none"}, {"TRACE", "/v1/apps", "none"}, {"OPTIONS", "*", "none"},
	} {
		q := httptest.NewRequest(c.method, "/", nil)
		q.RequestURI, q.URL.RawPath = "", ""
		if u, err := q.URL.Parse(c.path); err == nil {
			q.URL = u
		}
		if c.path == "*" {
			q.URL.Path = "*"
		}
		if got := rt.route(q); got != c.want {
			t.Errorf("route(%s %s) = %q, want %q", c.method, c.path, got, c.want)
		}
	}
	if _, err := patternsOf(t.Context(), http.NotFoundHandler()); err == nil {
		t.Error("an API without a description is no error")
	}
}
