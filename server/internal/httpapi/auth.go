package httpapi

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/issuer"
)

// identify finds out who sends a request, and whether they send too many.
func (s *server) identify(ctx context.Context, w *reply, r *http.Request, c *call) *problem {
	switch c.route.who {
	case prober:
		return nil
	case anybody:
		return s.stranger(c)
	case admin:
		if p := s.stranger(c); p != nil {
			return p
		}
		return s.identifyAdmin(ctx, r, c)
	case keyHolder, user:
	}
	text, sent := bearer(r)
	if known, ok := s.svc.Authenticate(text, c.source); ok {
		c.caller = known
		return s.known(c)
	}
	// Only those who are not known pay here, so that nobody can use up what a back end
	// behind the same address needs.
	if p := s.stranger(c); p != nil {
		return p
	}
	if s.svc.Ready() != nil {
		return problemAs(kindUnavailable, "") // whoever it is: nobody can be known now
	}
	if c.route.who == user && strings.Count(text, ".") == 2 {
		return s.identifyUser(ctx, w, r, c, text)
	}
	s.svc.TurnedKey(ctx, text, c.nobody())
	return unauthorized(w, sent)
}

// known lets somebody who is known go on, within their limits.
func (s *server) known(c *call) (p *problem) {
	if p = limited(s.byKey.take(c.caller.ID, c.started)); p == nil {
		c.slot, p = s.slots.known()
		s.count(p)
	}
	return p
}

// stranger lets somebody who is not known go on, within the limits of where they are.
func (s *server) stranger(c *call) (p *problem) {
	from := household(c.source)
	if p = limited(s.bySource.take(from, c.started)); p == nil {
		c.slot, p = s.slots.stranger(from)
		s.count(p)
	}
	return p
}

// count tells of a request that found no slot.
func (s *server) count(p *problem) {
	if p != nil && p.kind == kindUnavailable && s.opts.Rejected != nil {
		s.opts.Rejected()
	}
}

// nobody is the sender of a request before it is known who that is.
func (c *call) nobody() access.Caller { return access.Caller{Source: c.source, Request: c.id} }

// identifyUser asks the application's identity provider about a token.
func (s *server) identifyUser(ctx context.Context, w *reply, r *http.Request, c *call, token string) *problem {
	id, err := strconv.ParseUint(r.PathValue("sdkappid"), 10, 32)
	if err != nil || s.opts.Identity == nil {
		return unauthorized(w, true)
	}
	settings, err := s.settings(ctx, uint32(id))
	if err != nil || settings.OIDC == nil {
		return unauthorized(w, true)
	}
	userID, err := s.opts.Identity.Authenticate(ctx, *settings.OIDC, token)
	switch {
	case err != nil && s.opts.IsOutage != nil && s.opts.IsOutage(err):
		if left, tell := s.outages.tell(uint32(id), s.clock()); tell {
			s.log.Warn("identity provider", "request", c.id, "sdkappid", id, "err", err, "more", left)
		}
		return problemAs(kindUnavailable, "the identity provider of this application is out of reach")
	case err != nil:
		return unauthorized(w, true)
	}
	s.slots.prove(&c.slot)
	c.caller = access.Caller{ID: "user:" + userID, App: uint32(id), UserID: userID}
	return nil
}

// settings reads an application's settings for the server itself, which has to know
// whom they let in.
func (s *server) settings(ctx context.Context, app uint32) (issuer.Settings, error) {
	self := access.Caller{ID: "httpapi", App: app, Scopes: []access.Scope{access.ScopeRead}}
	found, err := s.svc.App(ctx, self, app)
	return found.Settings, err
}

// bearer returns the credential in the Authorization header. Two headers are none:
// what stands between us and the client may read the other one.
func bearer(r *http.Request) (text string, sent bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", len(values) > 0
	}
	return afterBearer(values[0]), true
}

func afterBearer(value string) string {
	scheme, text, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(text)
}

// unauthorized says no more than that: whether a key ever existed is nobody's business.
func unauthorized(w *reply, sent bool) *problem {
	challenge := `Bearer realm="usersig"`
	if sent {
		challenge += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	return problemAs(kindUnauthorized, "send an API key that is valid here: Authorization: Bearer usk_…")
}

func limited(wait time.Duration) *problem {
	if wait <= 0 {
		return nil
	}
	p := problemAs(kindLimited, "")
	p.retryAfter = int(math.Ceil(wait.Seconds()))
	return p
}
