package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Tracer makes spans and sends them to a receiver, in the background.
type Tracer struct {
	tracer   trace.Tracer
	shutdown func(context.Context) error
}

// NoTracer returns a Tracer that does nothing.
func NoTracer() *Tracer {
	return &Tracer{
		tracer:   noop.NewTracerProvider().Tracer(""),
		shutdown: func(context.Context) error { return nil },
	}
}

// NewTracer returns a Tracer that sends a share of the traces to the URL of an OTLP
// receiver. A receiver that does not answer loses traces and delays nobody.
func NewTracer(ctx context.Context, endpoint string, ratio float64, version string, log *slog.Logger) (*Tracer, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, fmt.Errorf("send traces: %w", err)
	}
	return newTracer(logged{exporter, log}, ratio, version), nil
}

// logged is an exporter whose errors go to our log and not to the library's, which is
// global and writes in another form.
type logged struct {
	sdk.SpanExporter
	log *slog.Logger
}

// ExportSpans implements [sdk.SpanExporter].
func (e logged) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.log.Warn("traces were not sent", "spans", len(spans), "err", err)
	}
	return nil
}

func newTracer(exporter sdk.SpanExporter, ratio float64, version string) *Tracer {
	p := sdk.NewTracerProvider(
		sdk.WithBatcher(exporter),
		sdk.WithSampler(sdk.TraceIDRatioBased(ratio)),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "usersigd"), attribute.String("service.version", version))),
	)
	return &Tracer{tracer: p.Tracer("usersig/server"), shutdown: p.Shutdown}
}

// Close sends what is left.
func (t *Tracer) Close(ctx context.Context) error { return t.shutdown(ctx) }

// Requests makes a span for each request to next, named by its route.
//
// The span has no path, in which there are user IDs, and no query, in which the REST API
// in Tencent's shape has tokens. It begins a trace of its own and is linked to the one
// that the client names: whether to record is not for strangers to say, nor may they
// write into traces of others.
func (t *Tracer) Requests(next http.Handler, route func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := t.tracer.Start(r.Context(), "HTTP", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer), linked(r))
		defer span.End()
		if !span.IsRecording() {
			next.ServeHTTP(w, r)
			return
		}
		rec := &recorder{ResponseWriter: w}
		defer func() {
			name := route(r)
			span.SetName(name)
			span.SetAttributes(attribute.String("http.route", name), attribute.Int("http.response.status_code", rec.code()))
			if rec.code() >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
		}()
		next.ServeHTTP(rec, r.WithContext(ctx))
	})
}

func linked(r *http.Request) trace.SpanStartOption {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header))
	remote := trace.SpanContextFromContext(ctx)
	if !remote.IsValid() {
		return trace.WithLinks()
	}
	return trace.WithLinks(trace.Link{SpanContext: remote})
}

// Span begins a step of the request in ctx. The caller ends it, with the error that it
// led to or nil. Errors are not sent, because their texts may name users.
func (t *Tracer) Span(ctx context.Context, name string) (context.Context, func(error)) {
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// recorder remembers the status of a reply.
type recorder struct {
	http.ResponseWriter
	status int
}

// code returns the status that the client saw: 200 if none was set.
func (w *recorder) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// WriteHeader implements [http.ResponseWriter].
func (w *recorder) WriteHeader(status int) {
	// 1xx are not the reply yet.
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
