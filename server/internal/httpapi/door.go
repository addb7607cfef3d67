package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"usersig/server/internal/access"
)

// call is what is known of a request. It belongs to the goroutine that serves it.
type call struct {
	id      string
	started time.Time
	source  netip.Addr
	route   *route // nil until one was found
	name    string // the pattern of the route
	caller  access.Caller
	body    []byte
	outcome string // for Observe; empty means ok
	chinese bool   // the language of refusals
	slot    slot
	term    term
}

// visit is all that is kept of a request, in one piece: there are many.
type visit struct {
	call  call
	reply reply
	id    [1]string // of the call, as the values of a header
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// The headers of every reply. A header's values are only ever replaced or appended to,
// and to append to these copies them.
var (
	noStore = []string{"no-store"}
	noSniff = []string{"nosniff"}
	policy  = []string{"default-src 'none'; frame-ancestors 'none'"}
	closing = []string{"close"}
)

// ServeHTTP is where every request comes in.
func (s *server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	v := new(visit)
	c, w := &v.call, &v.reply
	c.started, c.id, c.source, c.chinese = s.clock(), requestID(r), s.source(r), prefersChinese(r)
	w.ResponseWriter, w.call = rw, c
	h := rw.Header()
	v.id[0] = c.id
	h["X-Request-Id"] = v.id[:]
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = policy
	if r.ContentLength != 0 && r.ProtoMajor == 1 {
		// Until the body was read. What is left of one net/http would read before it sends
		// the reply, at the speed of the client and for as long as they like.
		h["Connection"] = closing
	}
	defer s.finish(w, c)
	if r.Method == http.MethodOptions && s.preflight(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
	if !w.found {
		s.noRoute(w, c)
	}
}

// finish ends a request, however it went.
func (s *server) finish(w *reply, c *call) {
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
		s.opts.Observe(c.pattern(), c.result(), s.clock().Sub(c.started))
	}
	if failure != nil {
		panic(failure)
	}
}

func (c *call) pattern() string {
	if c.route == nil {
		return "none"
	}
	return c.name
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
	short, name := shortcuts[rt.id], rt.pattern()
	return func(w http.ResponseWriter, r *http.Request) {
		out := w.(*reply)
		c := out.call
		c.route, c.name, out.found = rt, name, true
		s.allowOrigin(w, r, rt)
		now := time.Now() //nolint:forbidigo // contexts and connections have no other clock
		ctx := c.begin(r, now.Add(rt.time))
		defer ctx.end()
		defer s.slots.release(&c.slot)
		// Whoever reads slowly has no more of it than who is slow in any other way.
		if d := min(rt.time, slow) + margin; !bounded(r, d) {
			writeBy(out, now.Add(d))
		}
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
