package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"usersig/server/internal/access"
)

// call is what is known of a request. It belongs to the goroutine that serves it.
type call struct {
	id      string
	source  netip.Addr
	route   *route // nil until one was found
	caller  access.Caller
	body    []byte
	outcome string // for Observe; empty means ok
	chinese bool   // the language of refusals
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// The headers of every reply. A header's values are only ever replaced or appended to,
// and to append to these copies them.
var (
	noStore = []string{"no-store"}
	noSniff = []string{"nosniff"}
	policy  = []string{"default-src 'none'; frame-ancestors 'none'"}
)

// ServeHTTP is where every request comes in.
func (s *server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	started := s.clock()
	c := &call{id: requestID(r), source: s.source(r), chinese: prefersChinese(r)}
	w := &reply{ResponseWriter: rw, call: c}
	h := rw.Header()
	h["X-Request-Id"] = []string{c.id}
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = policy
	defer s.finish(w, c, started)
	if r.Method == http.MethodOptions && s.preflight(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
	if !w.found {
		s.noRoute(w, c)
	}
}

// finish ends a request, however it went.
func (s *server) finish(w *reply, c *call, started time.Time) {
	failure := recover()
	if failure != nil && failure != http.ErrAbortHandler { //nolint:errorlint // what net/http itself compares
		s.log.Error("panic", "request", c.id, "route", c.pattern(), "panic", fmt.Sprint(failure), "stack", string(debug.Stack()))
		w.found = true
		if w.status == 0 {
			s.refuse(w, c, problemAs(kindInternal, ""))
			failure = nil
		} else {
			failure = http.ErrAbortHandler // the client sees that the reply is not whole
		}
		c.outcome = kindInternal.Name
	}
	if s.opts.Observe != nil {
		s.opts.Observe(c.pattern(), c.result(), s.clock().Sub(started))
	}
	if failure != nil {
		panic(failure)
	}
}

func (c *call) pattern() string {
	if c.route == nil {
		return "none"
	}
	return c.route.pattern()
}

func (c *call) result() string {
	if c.outcome == "" {
		return "ok"
	}
	return c.outcome
}

// enter is the door of every route: nothing of a request is looked at, and no more of
// it read, before it is known who sends it.
func (s *server) enter(rt *route, next http.HandlerFunc) http.HandlerFunc {
	short := shortcuts[rt.id]
	return func(w http.ResponseWriter, r *http.Request) {
		out := w.(*reply)
		c := out.call
		c.route, out.found = rt, true
		s.allowOrigin(w, r, rt)
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), callKey{}, c), rt.time)
		defer cancel()
		if p := s.admit(ctx, out, r, c); p != nil {
			s.refuse(out, c, p)
			return
		}
		if short != nil && short(s, ctx, out, r) {
			return
		}
		if rt.body > 0 {
			r.Body = io.NopCloser(bytes.NewReader(c.body))
		}
		next(w, r.WithContext(ctx))
	}
}

func (s *server) admit(ctx context.Context, w *reply, r *http.Request, c *call) *problem {
	if p := s.identify(ctx, w, r, c); p != nil {
		return p
	}
	if p := c.checkOnce(r); p != nil {
		return p
	}
	c.caller.Source, c.caller.Request = c.source, c.id
	return c.read(w, r)
}

// checkOnce refuses an Idempotency-Key where it would be ignored and a repetition would
// do harm: whoever sends one relies on it.
func (c *call) checkOnce(r *http.Request) *problem {
	if r.Header.Get("Idempotency-Key") == "" || c.route.once {
		return nil
	}
	switch c.route.action { //nolint:exhaustive // these are the ones whose repetition does harm
	case access.RotateKey, access.KillKey, access.CreateAPIKey:
		return problemAs(kindInvalid, "this request does not take an Idempotency-Key")
	}
	return nil
}

// read reads the body, no more of it than the route allows.
func (c *call) read(w *reply, r *http.Request) *problem {
	most := c.route.body
	if most == 0 {
		r.Body = http.NoBody
		return nil
	}
	if r.ContentLength > most {
		w.Header().Set("Connection", "close")
		return tooLarge(most)
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(c.route.time)) //nolint:forbidigo // the connection has no other clock
	// Not kept: an old deadline that passes while the request is served would end it.
	defer func() { _ = rc.SetReadDeadline(time.Time{}) }()
	var err error
	c.body, err = readAll(w, r, most)
	_, over := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		return nil
	case over:
		return tooLarge(most)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problemAs(kindTimeout, "the body did not arrive in time")
	}
	return problemAs(kindMalformed, "the body did not arrive whole")
}

// readAll reads a body to its end.
func readAll(w *reply, r *http.Request, most int64) ([]byte, error) {
	const short = 4096 // who announces more is not given the memory before they send it
	if 0 <= r.ContentLength && r.ContentLength <= min(short, most) {
		text := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, text) // net/http sees to it that there is no more
		return text, err
	}
	return io.ReadAll(http.MaxBytesReader(w.ResponseWriter, r.Body, most))
}

// noRoute answers for paths and methods that are not in the table.
func (s *server) noRoute(w *reply, c *call) {
	status, h := w.status, w.Header()
	w.found, w.status = true, 0
	h.Del("Location")
	if status == http.StatusMethodNotAllowed {
		s.refuse(w, c, problemAs(kindMethod, "see the Allow header"))
		return
	}
	s.refuse(w, c, problemAs(kindNotFound, "there is nothing at this path"))
}

// requestID returns the ID that the client gave the request, if it is harmless, or a
// new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	// It goes into logs, where a line feed would forge a line.
	if id == "" || len(id) > 64 || strings.IndexFunc(id, isStrange) >= 0 {
		return rand.Text()
	}
	return id
}

func isStrange(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		return false
	}
	return true
}

func prefersChinese(r *http.Request) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Accept-Language"))), "zh")
}

// reply is a ResponseWriter that knows what was written. What is written before a route
// was found comes from the multiplexer and is dropped: we say it in our own words.
type reply struct {
	http.ResponseWriter
	call   *call
	found  bool
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *reply) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	if w.found {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write implements [http.ResponseWriter].
func (w *reply) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.found {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *reply) Unwrap() http.ResponseWriter { return w.ResponseWriter }
