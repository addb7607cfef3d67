package media

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/auth"

	"usersig"
	"usersig/server/internal/door"
	"usersig/server/internal/gate"
)

// routes are all there is. Nothing of LiveKit's can be reached but through enter.
func (e *Engine) routes() *http.ServeMux {
	inner, mux := http.NewServeMux(), http.NewServeMux()
	e.lk.rtc.SetupRoutes(inner)
	for _, path := range []string{"/rtc", "/rtc/v1"} {
		mux.Handle("GET "+path, e.enter(inner))
		mux.HandleFunc("GET "+path+"/validate", e.validate)
	}
	mux.HandleFunc("POST /rtc/check", e.check)
	mux.HandleFunc("POST /rtc/renew", e.renew)
	mux.HandleFunc("OPTIONS /rtc/", func(w http.ResponseWriter, r *http.Request) { e.origins.Preflight(w, r, "GET, POST") })
	return mux
}

// decide admits the user of a request and does then what they came for, or answers why not.
// What is told of the request is the outcome of both.
func (e *Engine) decide(w http.ResponseWriter, r *http.Request, route string, then func(*gate.Pass) error) (p gate.Pass, ok bool) {
	if !e.origins.Allow(w, r) || !door.NoBody(w, r) {
		return gate.Pass{}, false
	}
	started := e.clock()
	p, err := e.admit(r)
	if err == nil {
		err = then(&p)
	}
	e.seen(route, outcome(err), e.clock().Sub(started))
	if err != nil {
		e.refuse(w, r, err)
	}
	return p, err == nil
}

// join is decide for a connection, or for what could become one. It counts among those of
// the user until leave is called.
func (e *Engine) join(w http.ResponseWriter, r *http.Request, route string) (p gate.Pass, leave func(), ok bool) {
	p, ok = e.decide(w, r, route, func(p *gate.Pass) (err error) {
		leave, err = e.gate.Connect(p, e.source(r))
		return err
	})
	return p, leave, ok
}

// outcome is the name of a decision, one of a few.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if r, ok := usersig.RefusalOf(err); ok {
		return r.Reason
	}
	if _, ok := errors.AsType[*door.Later](err); ok {
		return "limited"
	}
	switch {
	case errors.Is(err, gate.ErrCrowded):
		return "crowded"
	case errors.Is(err, gate.ErrNoUser):
		return "no_user"
	case errors.Is(err, context.Canceled):
		return "canceled" // by the client, who does not wait for the answer
	}
	return "unavailable"
}

// enter lets a request through to LiveKit if its credential is good.
func (e *Engine) enter(inner http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, leave, ok := e.join(w, r, "media connect")
		if !ok {
			return
		}
		defer leave()
		if !isHandshake(r) {
			http.Error(w, "usersig: this is for WebSockets", http.StatusBadRequest)
			return
		}
		r = r.Clone(service.WithGrantsExpiry(r.Context(), grantsOf(&p), "", p.ExpiresAt()))
		strip(r)
		if err := boundJoin(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		b := &bounded{ResponseWriter: w}
		defer e.attend(&p, b)()
		inner.ServeHTTP(b, r)
	}
}

// validate answers LiveKit's SDKs, which ask why they could not connect.
func (e *Engine) validate(w http.ResponseWriter, r *http.Request) {
	if _, leave, ok := e.join(w, r, "media validate"); ok {
		defer leave()
		_, _ = io.WriteString(w, "success")
	}
}

// admit checks the credential of a request, and that the room is there or may be made.
func (e *Engine) admit(r *http.Request) (gate.Pass, error) {
	p, err := e.verify(r)
	if err == nil {
		err = e.reached(r.Context())
	}
	if err != nil || p.Rights().MayCreate() {
		return p, err
	}
	there, err := e.lk.store.RoomExists(r.Context(), roomOf(&p))
	if err == nil && !there {
		refusal, _ := usersig.RefusalOf(usersig.ErrNoRightCreate)
		err = &refusal
	}
	if err != nil {
		return gate.Pass{}, err
	}
	return p, nil
}

// verify does what strangers can make the server do, no oftener than they may.
func (e *Engine) verify(r *http.Request) (p gate.Pass, err error) {
	done, err := e.let(r)
	if err != nil {
		return gate.Pass{}, err
	}
	defer func() { done(err == nil) }()
	c, err := gate.ParseCredential(token(r))
	if err != nil {
		return gate.Pass{}, err
	}
	return e.gate.Enter(r.Context(), c, e.source(r))
}

// token returns the credential in a request: where LiveKit's SDKs put their token. Two of
// them are none, so that nothing before us can have looked at another one.
func token(r *http.Request) string {
	header, query := r.Header.Values("Authorization"), r.URL.Query()["access_token"]
	switch {
	case len(header) == 1 && len(query) == 0:
		scheme, text, _ := strings.Cut(header[0], " ")
		if strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(text)
		}
	case len(header) == 0 && len(query) == 1:
		return query[0]
	}
	return ""
}

// strip removes from a request what LiveKit must not see: the credential, which it could
// log, a parameter that would change the user's identity, and whatever could bring one of
// them back. LiveKit would look for its parameters in a body too, even of a GET.
func strip(r *http.Request) {
	q := r.URL.Query()
	q.Del("access_token")
	q.Del("publish")
	u := *r.URL
	u.RawQuery = q.Encode()
	r.URL, r.RequestURI = &u, u.RequestURI()
	r.Body, r.ContentLength, r.TransferEncoding = http.NoBody, 0, nil
	r.Form, r.PostForm, r.MultipartForm = q, url.Values{}, &multipart.Form{}
	r.Header.Del("Content-Type")
	r.Header.Del("Authorization")
	// A compressed message of a few bytes could become one of any size.
	r.Header.Del("Sec-Websocket-Extensions")
}

// grantsOf says in LiveKit's terms what a pass allows. LiveKit takes what is not set for
// a yes and an empty list of sources for all of them, so everything is set, and a list is
// never what stands for none. The pass travels along, for the node that has the room.
func grantsOf(p *gate.Pass) *auth.ClaimGrants {
	return &auth.ClaimGrants{
		Identity: p.UserID(),
		Sha256:   p.Carry(), // the one field that no other client ever sees
		Video:    videoGrant(p.Rights(), string(roomOf(p))),
	}
}

func videoGrant(r gate.Rights, room string) *auth.VideoGrant {
	return &auth.VideoGrant{
		RoomJoin: true, RoomCreate: r.MayCreate(), Room: room,
		CanPublish: new(r.MaySendAny()), CanPublishSources: sources(r),
		CanPublishData: new(r.MaySendAny()), CanSubscribe: new(r.MayReceiveAny()),
		CanUpdateOwnMetadata: new(false), CanSubscribeMetrics: new(false), CanManageAgentSession: new(false),
	}
}

// check answers whether a credential would be let in now.
func (e *Engine) check(w http.ResponseWriter, r *http.Request) {
	if _, leave, ok := e.join(w, r, "media check"); ok {
		defer leave()
		w.WriteHeader(http.StatusNoContent)
	}
}

// renewed is the reply to a renewal.
type renewed struct {
	ExpiresAt string `json:"expires_at"`
	Allow     uint32 `json:"allow"`
}

// renew keeps a user in who hands in a newer credential for the same room.
func (e *Engine) renew(w http.ResponseWriter, r *http.Request) {
	p, ok := e.decide(w, r, "media renew", func(p *gate.Pass) error { return e.spread(r.Context(), p) })
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(renewed{p.ExpiresAt().UTC().Format(time.RFC3339), uint32(p.Rights())})
}

func (e *Engine) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody is there to answer, and it is not the server that failed
	}
	refusal, ok := usersig.RefusalOf(err)
	// Not each, see toldPerSecond. All are counted.
	if c, wrong := gate.ParseCredential(token(r)); wrong == nil && (ok || errors.Is(err, gate.ErrCrowded)) && e.told.AllowN(e.clock(), 1) {
		e.log.InfoContext(r.Context(), "user refused", "credential", c, "source", e.source(r), "code", refusal.Code, "why", err)
	}
	door.Refuse(w, r, e.log, err)
}
