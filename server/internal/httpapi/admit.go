package httpapi

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"usersig/server/internal/access"
)

// margin is how long a reply may take to be written after the time of its route.
const margin = 5 * time.Second

// writeUntil bounds how long the client may take for the reply, from now on.
func writeUntil(w http.ResponseWriter, d time.Duration) {
	writeBy(w, time.Now().Add(d)) //nolint:forbidigo // the connection has no other clock
}

func writeBy(w http.ResponseWriter, t time.Time) {
	_ = http.NewResponseController(w).SetWriteDeadline(t)
}

// bounded reports whether the server that r came in by gives no client longer than d for
// a reply.
func bounded(r *http.Request, d time.Duration) bool {
	by, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	return by != nil && 0 < by.WriteTimeout && by.WriteTimeout <= d
}

func (s *server) admit(ctx context.Context, w *reply, r *http.Request, c *call) *problem {
	if p := s.identify(ctx, w, r, c); p != nil {
		return p
	}
	c.caller.Source, c.caller.Request = c.source, c.id
	if p := s.allow(ctx, r, c); p != nil {
		return p
	}
	if p := c.checkOnce(r); p != nil {
		return p
	}
	return c.read(w, r)
}

// allow asks whether the holder of an API key may do what the route does, as far as that
// does not depend on the body: a denial is on record, whatever they sent. What a user may
// have depends on it, and what an administrator may was asked already.
func (s *server) allow(ctx context.Context, r *http.Request, c *call) *problem {
	if c.route.action == "" || c.route.who == admin || c.caller.UserID != "" {
		return nil
	}
	id, err := strconv.ParseUint(r.PathValue("sdkappid"), 10, 32)
	if c.route.ofApp() && err != nil {
		return nil // it is about no application
	}
	subject := cmp.Or(r.PathValue("userid"), r.PathValue("kid"), r.PathValue("id"))
	if err := s.svc.Admit(ctx, c.caller, c.route.action, uint32(id), subject); err != nil {
		return s.problemOf(ctx, err)
	}
	return nil
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
	if most == 0 || r.ContentLength == 0 {
		r.Body = http.NoBody
		return nil
	}
	if r.ContentLength > most {
		return tooLarge(most)
	}
	// Once the body was read whole net/http lifts it: what it reads then is whether the
	// client is still there, and that must not end while the request is served.
	_ = http.NewResponseController(w).SetReadDeadline(c.term.until)
	var err error
	c.body, err = readAll(w, r, most)
	_, over := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		_ = r.Body.Close() // so that net/http does not look for more of it
		delete(w.Header(), "Connection")
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
