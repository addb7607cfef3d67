// Package door has what the HTTP ways to the gate share: how a refusal is written, and
// which pages may call.
package door

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"usersig"
	"usersig/server/internal/gate"
)

// codeSignature is what TRTC's SDKs say of whatever is wrong with a UserSig.
const codeSignature = -100018

// A Later is why a request is not looked at now. It may be a good one.
type Later struct {
	Status int // 429 or 503
	After  time.Duration
}

// Error implements error.
func (l *Later) Error() string { return http.StatusText(l.Status) }

// Let counts a request before anything of it is looked at: there are bounds to those who
// have not proved who they are. Its error is a [*Later]. Who was let in tells, once, whether
// they have proved it.
type Let func(r *http.Request) (done func(proved bool), err error)

// Anybody lets everybody in.
func Anybody(*http.Request) (done func(proved bool), err error) { return func(bool) {}, nil }

// Refuse answers a request for which the gate gave an error: with the refusal object to
// a POST, which programs send, and with one line of text to all others. What the gate
// cannot tell goes to the log; the client learns no more than that.
func Refuse(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	refusal, ok := usersig.RefusalOf(err)
	status, h := statusOf(err, refusal, ok), w.Header()
	later, busy := errors.AsType[*Later](err)
	switch {
	case busy:
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(later.After.Seconds())))))
	case status == http.StatusServiceUnavailable:
		log.ErrorContext(r.Context(), "cannot say who may enter", "err", err)
		h.Set("Retry-After", "1")
	}
	language := r.Header.Get("Accept-Language")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodPost && ok {
		h.Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(refusal.In(language))
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, gate.Text(err, language)) //nolint:gosec // it is plain text
}

func statusOf(err error, refusal usersig.Refusal, ok bool) int {
	if later, ok := errors.AsType[*Later](err); ok {
		return later.Status
	}
	switch {
	case errors.Is(err, gate.ErrCrowded), errors.Is(err, usersig.ErrTooManyFailures):
		return http.StatusTooManyRequests
	case errors.Is(err, gate.ErrNoUser):
		return http.StatusNotFound
	case !ok:
		return http.StatusServiceUnavailable
	case refusal.TRTC != codeSignature:
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}

// NoBody reports that a request has no body, and answers if it has one: nothing is asked
// for here that needs one. What handles a request after us may look for parameters in it,
// where nobody has looked at them, and keep it in memory and on the disk, however long.
func NoBody(w http.ResponseWriter, r *http.Request) bool {
	if r.ContentLength == 0 {
		r.Body = http.NoBody
		return true
	}
	http.Error(w, "usersig: this request takes no body", http.StatusBadRequest)
	return false
}

// Origins say which pages may call. The zero value lets the server's own.
type Origins struct {
	// Listed returns the sites whose pages may, besides the server's own. It is asked at
	// every request: they change while the server runs.
	Listed func() []string
	// Encrypted reports whether it is known that the client came by TLS. If nil, it is if
	// the connection is encrypted.
	Encrypted func(*http.Request) bool
}

// Allow reports whether the page that sent a request may, and answers if not. A
// credential is needed as well, so this is not what keeps strangers out: it keeps a page
// that got hold of one from using it unseen.
func (o *Origins) Allow(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if o.own(origin, r) || o.Listed != nil && slices.Contains(o.Listed(), origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Retry-After")
		return true
	}
	http.Error(w, "usersig origin: pages of this site may not call this server", http.StatusForbidden)
	return false
}

// own reports whether a page is of this server. One that came without TLS may have been
// changed on its way, and is of another site than the server where clients come by TLS.
// That they do cannot always be known: what ends TLS in front may not say so. There both
// are taken for the server's own, or the pages of such a server could not call it.
func (o *Origins) own(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Host != r.Host {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && !o.encrypted(r)
}

func (o *Origins) encrypted(r *http.Request) bool {
	if o.Encrypted != nil {
		return o.Encrypted(r)
	}
	return r.TLS != nil
}

// Preflight answers a browser's question whether a page may call with these methods.
func (o *Origins) Preflight(w http.ResponseWriter, r *http.Request, methods string) {
	if !o.Allow(w, r) {
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", "Authorization, Accept-Language")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
