package telemetry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func TestLogger(t *testing.T) {
	for _, c := range []struct{ format, want string }{
		{"text", `level=INFO msg=hello who="a b"` + "\n"}, {"json", `"level":"INFO","msg":"hello","who":"a b"}` + "\n"},
	} {
		var out bytes.Buffer
		level := new(slog.LevelVar)
		log := NewLogger(&out, c.format, level)
		log.Debug("not yet")
		log.Info("hello", "who", "a b")
		if got := out.String(); !strings.HasSuffix(got, c.want) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: %q, want %q", c.format, got, c.want)
		}
		if err := SetLevel(level, "debug"); err != nil {
			t.Fatal(err)
		}
		if log.Debug("now"); !strings.Contains(out.String(), "now") {
			t.Errorf("%s: the level did not change", c.format)
		}
		if err := SetLevel(level, "loud"); err == nil {
			t.Error("a level that is none is no error")
		}
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics(Source{
		Census: func() (apps, keys map[string]int) {
			return map[string]int{"running": 2, "odd": 9}, map[string]int{"signing": 1, "odd": 9}
		},
		Age:       func() time.Duration { return 1500 * time.Millisecond },
		AppStates: []string{"running", "stopped"}, KeyStates: []string{"signing", "dead"}, Version: "v1",
	})
	m.Observe("GET /x", "ok", 3*time.Millisecond)
	m.Observe("GET /x", "expired", time.Microsecond)
	end := m.Begin()
	m.Rejected()
	m.Evicted("revoked")
	m.Commit(time.Millisecond, false)
	m.Commit(time.Millisecond, true)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	end()
	for _, want := range []string{
		`usersig_outcomes_total{outcome="ok",route="GET /x"} 1`,
		`usersig_outcomes_total{outcome="expired",route="GET /x"} 1`,
		`usersig_http_request_duration_seconds_bucket{route="GET /x",le="2.5e-05"} 1`,
		`usersig_http_request_duration_seconds_bucket{route="GET /x",le="0.005"} 2`,
		`usersig_apps{state="running"} 2`, `usersig_apps{state="stopped"} 0`,
		`usersig_keys{state="signing"} 1`, `usersig_keys{state="dead"} 0`,
		"usersig_snapshot_age_seconds 1.5", `usersig_build_info{version="v1"} 1`,
		`usersig_evictions_total{reason="revoked"} 1`, `usersig_evictions_total{reason="blocked"} 0`, `usersig_evictions_total{reason="lied"} 0`,
		"usersig_http_requests_in_flight 1", "usersig_http_requests_rejected_total 1",
		"usersig_store_commit_duration_seconds_count 2", "usersig_store_commit_failures_total 1",
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
	// What is not on our lists is not shown.
	if strings.Contains(w.Body.String(), "odd") {
		t.Error("a state that nobody declared is a label")
	}
}

// spansOf returns the spans that requests to h make.
func spansOf(t *testing.T, ratio float64, h http.HandlerFunc, requests ...*http.Request) tracetest.SpanStubs {
	t.Helper()
	// Kept, which the exporter's own Shutdown does not do.
	exporter := &kept{InMemoryExporter: tracetest.NewInMemoryExporter()}
	tracer := newTracer(exporter, ratio, "v1")
	served := tracer.Requests(h, func(*http.Request) string { return "GET /v1/users/{userid}" })
	for _, r := range requests {
		served.ServeHTTP(httptest.NewRecorder(), r)
	}
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return exporter.GetSpans()
}

type kept struct{ *tracetest.InMemoryExporter }

func (kept) Shutdown(context.Context) error { return nil }

const remote = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"

// TestSpans: a span says the route and the status, and nothing that the client chose.
func TestSpans(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/v1/users/alice?usersig=eJwsecret", nil)
	r.Header.Set("Authorization", "Bearer usk_secret")
	r.Header.Set("Traceparent", remote)
	r.Header.Set("User-Agent", "alices-phone")
	spans := spansOf(t, 1, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("the reply cannot be flushed: %v", err)
		}
	}, r)
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	s := spans[0]
	got := map[string]string{}
	for _, a := range s.Attributes {
		got[string(a.Key)] = a.Value.String()
	}
	if s.Name != "GET /v1/users/{userid}" || got["http.route"] != s.Name || got["http.response.status_code"] != "418" || len(got) != 2 {
		t.Errorf("span %q %v", s.Name, got)
	}
	// The client's trace is linked and not joined.
	if s.Parent.IsValid() || len(s.Links) != 1 || s.Links[0].SpanContext.TraceID().String() != "0123456789abcdef0123456789abcdef" {
		t.Errorf("parent %v, links %v", s.Parent, s.Links)
	}
	if s.SpanContext.TraceID().String() == "0123456789abcdef0123456789abcdef" {
		t.Error("the client chose the trace")
	}
}

func TestSpanStatus(t *testing.T) {
	fine := httptest.NewRequest(http.MethodGet, "/fine", nil)
	bad := httptest.NewRequest(http.MethodGet, "/bad", nil)
	spans := spansOf(t, 1, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, "x")
	}, fine, bad)
	if len(spans) != 2 || spans[0].Status.Code != codes.Unset || spans[1].Status.Code != codes.Error {
		t.Errorf("%+v", spans)
	}
	if len(spans[0].Links) != 0 {
		t.Errorf("links of a request without a trace: %v", spans[0].Links)
	}
	nothing := spansOf(t, 1, func(http.ResponseWriter, *http.Request) {}, fine)
	if len(nothing) != 1 {
		t.Errorf("%d spans of an empty reply", len(nothing))
	}
}

// TestNotSampled: a client that says it is sampled is not, if the ratio is 0.
func TestNotSampled(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Traceparent", remote)
	if spans := spansOf(t, 0, func(http.ResponseWriter, *http.Request) {}, r); len(spans) != 0 {
		t.Errorf("%d spans", len(spans))
	}
}

func TestSteps(t *testing.T) {
	exporter := &kept{tracetest.NewInMemoryExporter()}
	tracer := newTracer(exporter, 1, "v1")
	ctx, end := tracer.Span(t.Context(), "outer")
	_, inner := tracer.Span(ctx, "inner")
	inner(errors.New("about alice"))
	end(nil)
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := exporter.GetSpans()
	if len(spans) != 2 || spans[0].Status.Code != codes.Error || spans[0].Status.Description != "" || spans[0].Parent.SpanID() != spans[1].SpanContext.SpanID() {
		t.Errorf("%+v", spans)
	}
	none := NoTracer()
	_, end = none.Span(t.Context(), "x")
	end(nil)
	if err := none.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSending: spans reach a receiver, and one that refuses them is in the log.
func TestSending(t *testing.T) {
	var got, status atomic.Int64
	status.Store(http.StatusOK)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" {
			got.Add(1)
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer receiver.Close()
	for _, c := range []struct {
		status int64
		log    string
	}{{http.StatusOK, ""}, {http.StatusBadRequest, "traces were not sent"}} {
		status.Store(c.status)
		before := got.Load()
		var out bytes.Buffer
		tracer, err := NewTracer(t.Context(), receiver.URL+"/v1/traces", 1, "v1", slog.New(slog.NewTextHandler(&out, nil)))
		if err != nil {
			t.Fatal(err)
		}
		_, end := tracer.Span(t.Context(), "x")
		end(nil)
		if err := tracer.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		if got.Load() != before+1 {
			t.Errorf("the receiver got %d requests", got.Load()-before)
		}
		if text := out.String(); !strings.Contains(text, c.log) || (c.log == "") != (text == "") {
			t.Errorf("the log says %q", text)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if tracer, err := NewTracer(ctx, receiver.URL, 1, "", slog.New(slog.DiscardHandler)); err == nil || tracer != nil {
		t.Errorf("NewTracer for who gave up = %v, %v", tracer, err)
	}
}

var _ sdk.SpanExporter = logged{}
