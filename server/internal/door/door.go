// Package door has what the HTTP ways to the gate share: how a refusal is written, and
// which pages may call.
package door

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"usersig"
	"usersig/server/internal/gate"
)

// codeSignature is what TRTC's SDKs say of whatever is wrong with a UserSig.
const codeSignature = -100018

// Refuse answers a request for which the gate gave an error: with the refusal object to
// a POST, which programs send, and with one line of text to all others. What the gate
// cannot tell goes to the log; the client learns no more than that.
func Refuse(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	refusal, ok := usersig.RefusalOf(err)
	status := statusOf(err, refusal, ok)
	if status == http.StatusServiceUnavailable {
		log.ErrorContext(r.Context(), "cannot say who may enter", "err", err)
	}
	language := r.Header.Get("Accept-Language")
	h := w.Header()
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

// Origins are the sites whose pages may call, besides the server's own.
type Origins []string

// Allow reports whether the page that sent a request may, and answers if not. A
// credential is needed as well, so this is not what keeps strangers out: it keeps a page
// that got hold of one from using it unseen.
func (o Origins) Allow(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	w.Header().Add("Vary", "Origin")
	if u, err := url.Parse(origin); err == nil && u.Host == r.Host || slices.Contains(o, origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		return true
	}
	http.Error(w, "usersig origin: pages of this site may not call this server", http.StatusForbidden)
	return false
}

// Preflight answers a browser's question whether a page may call with these methods.
func (o Origins) Preflight(w http.ResponseWriter, r *http.Request, methods string) {
	if !o.Allow(w, r) {
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", "Authorization, Accept-Language")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
