// Package httpapi is the issuing API over HTTP.
//
// It owns what is HTTP about a request: who sends it, how large and how frequent it may
// be, what its JSON looks like, and which status an error is. What a request does, and
// whether the caller may have it done, is for [issuer.Service] to say.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
)

// IdentityProvider proves who an application's signed-in user is.
type IdentityProvider interface {
	// Authenticate returns the user ID in a token of the provider that the settings
	// name. [Options.IsOutage] tells whose fault an error is.
	Authenticate(ctx context.Context, settings issuer.OIDC, token string) (userID string, err error)
}

// Options adjusts the API. The zero value selects the defaults.
type Options struct {
	// Identity checks the tokens of signed-in users. If nil, nobody gets in that way.
	Identity IdentityProvider
	// IsOutage tells an error of Identity's that is not the token's fault from one that
	// is. If nil, every error is the token's fault.
	IsOutage func(error) bool
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time
	// Log receives errors that nobody foresaw. If nil, they are lost.
	Log *slog.Logger
	// Observe, if not nil, is told of every request that is over: the pattern of its
	// route, or "none", and "ok" or the reason why not. There are only as many of
	// either as there are in this package and codes in the library.
	Observe func(route, outcome string, d time.Duration)
	// Origins are the web origins whose pages may fetch a UserSig for their signed-in
	// user, such as "https://app.example.com". No other route answers pages of other
	// origins.
	Origins []string
	// Proxies are the addresses whose X-Forwarded-For is believed. Whoever can speak
	// from there can pretend to be anywhere.
	Proxies []netip.Prefix
	// PerSource limits requests that bring no API key, by address: 50 a second and 500
	// at once if zero.
	PerSource Limit
	// PerKey limits requests with an API key. If zero, there is no limit.
	PerKey Limit
	// Media is the audio/video server whose rooms can be looked at and emptied. If nil,
	// there is none here.
	Media gate.Engine
	// Requests is how many requests are worked on at once, those of strangers being a
	// quarter at most: 1,024 if zero.
	Requests int
	// Rejected, if not nil, is told of every request that was one too many.
	Rejected func()
	// Ending, if not nil, reports whether the server takes its leave: /readyz says so.
	Ending func() bool
	// Version is what the API's description says of itself.
	Version string
}

// server is the state behind the handler.
type server struct {
	svc      *issuer.Service
	opts     Options
	clock    func() time.Time
	log      *slog.Logger
	origins  map[string]bool
	bySource *limiter
	byKey    *limiter
	slots    *slots
	guests   *slots // of those whom Guest lets in
	outages  outages
	mux      *http.ServeMux
	api      huma.API
	routes   map[string]*route // by pattern
	docs     documents
}

// API answers the requests of the API, and lets in those of others.
type API interface {
	http.Handler
	// Guest counts a request that is answered elsewhere among those of who has not proved
	// yet who they are.
	Guest(ctx context.Context, source netip.Addr) (done func(proved bool), err error)
}

// New returns the API over a service.
func New(svc *issuer.Service, opts Options) API {
	return newServer(svc, opts)
}

func newServer(svc *issuer.Service, opts Options) *server {
	s := &server{svc: svc, opts: opts, clock: opts.Clock, log: opts.Log, origins: make(map[string]bool)}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if opts.PerSource == (Limit{}) {
		opts.PerSource = Limit{PerSecond: 50, Burst: 500}
	}
	if opts.Requests == 0 {
		opts.Requests = 1024
	}
	for _, origin := range opts.Origins {
		s.origins[origin] = true
	}
	s.bySource, s.byKey = newLimiter(opts.PerSource), newLimiter(opts.PerKey)
	s.slots, s.guests = newSlots(opts.Requests), newSlots(opts.Requests)
	s.mux, s.routes = http.NewServeMux(), make(map[string]*route)
	s.api = newAPI(s, opts.Version)
	for _, rt := range s.table() {
		s.add(&rt)
	}
	s.docs = s.describe()
	return s
}
