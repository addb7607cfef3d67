package turn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"usersig"
	"usersig/server/internal/door"
	"usersig/server/internal/gate"
)

// Server is a TURN server that shares a secret with this one.
type Server struct {
	URLs   []string      // such as "turn:turn.example.com:3478?transport=udp"
	Secret []byte        // static-auth-secret of coturn
	TTL    time.Duration // how long credentials are good; an hour if 0
}

// Options are what a [Handler] needs.
type Options struct {
	Gate *gate.Gate
	// Servers are all the TURN servers, at least one.
	Servers []Server
	// Origins are whose pages may ask.
	Origins door.Origins
	// Let bounds the requests of those who have not proved yet who they are. If nil, there
	// is no bound.
	Let door.Let
	// Source returns where a request comes from.
	Source func(*http.Request) netip.Addr
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time
	// Log receives what nobody else is told. If nil, it is dropped.
	Log *slog.Logger
}

// Handler gives TURN credentials to those whom the gate lets in, for clients of other
// media engines than the one inside: LiveKit's clients are told by it. It answers
//
//	POST /turn
//	Authorization: Bearer us1.…
//
// as draft-uberti-behave-turn-rest-00 says, with the first server's credentials, and with
// those of all servers as a browser's RTCPeerConnection takes them.
type Handler struct{ opts Options }

// NewHandler returns a Handler.
func NewHandler(opts Options) *Handler {
	if opts.Clock == nil {
		opts.Clock = time.Now //nolint:forbidigo // the documented default
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Let == nil {
		opts.Let = door.Anybody
	}
	return &Handler{opts}
}

// reply is in the names of the draft and, in iceServers, of WebRTC.
type reply struct {
	Credentials
	TTL        int64       `json:"ttl"` // seconds
	URIs       []string    `json:"uris"`
	ICEServers []iceServer `json:"iceServers"`
}

type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodOptions:
		h.opts.Origins.Preflight(w, r, http.MethodPost)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "OPTIONS, POST")
		http.Error(w, "usersig turn: the method is POST", http.StatusMethodNotAllowed)
		return
	case !h.opts.Origins.Allow(w, r) || !door.NoBody(w, r):
		return
	}
	p, err := h.enter(r)
	if err != nil {
		door.Refuse(w, r, h.opts.Log, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(h.mint(&p))
}

func (h *Handler) enter(r *http.Request) (p gate.Pass, err error) {
	done, err := h.opts.Let(r)
	if err != nil {
		return gate.Pass{}, err
	}
	defer func() { done(err == nil) }()
	c, err := gate.ParseCredential(bearer(r))
	if err != nil {
		return gate.Pass{}, err
	}
	return h.opts.Gate.Enter(r.Context(), c, h.opts.Source(r))
}

func (h *Handler) mint(p *gate.Pass) reply {
	now, out := h.opts.Clock(), reply{}
	for i, s := range h.opts.Servers {
		c, expires := s.Credentials(p.AppID(), p.UserID(), now, p.ExpiresAt())
		out.ICEServers = append(out.ICEServers, iceServer{s.URLs, c.Username, c.Password})
		if i == 0 {
			out.Credentials, out.URIs, out.TTL = c, s.URLs, expires.Unix()-now.Unix()
		}
	}
	return out
}

// Credentials returns those of a user whose proof is good until end, and when they expire.
func (s *Server) Credentials(app uint32, user string, now, end time.Time) (Credentials, time.Time) {
	expires := s.Until(now, end)
	return Mint(s.Secret, Name(s.Secret, app, user), expires), expires
}

// Until returns when credentials expire that are made now. That is never later than the
// user's proof does. A TURN server cannot be told of a revocation, so a short TTL is all
// there is against a user who has credentials already: they begin no allocation after it.
// One that is open goes on for as long as its client refreshes it, with nobody to talk to
// when the media engine has let the user go.
func (s *Server) Until(now, end time.Time) time.Time {
	most := s.TTL
	if most == 0 {
		most = time.Hour
	}
	// The gate let the user in, so the end and its leeway are not over.
	return now.Add(max(time.Second, min(most, end.Add(usersig.DefaultLeeway).Sub(now))))
}

// Name returns a name for a user that tells nobody who it is, for it travels in clear.
// It is always the same for the same user, so that a TURN server's quotas hold.
func Name(secret []byte, app uint32, user string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("usersig turn name\n" + strconv.FormatUint(uint64(app), 10) + "\n" + user))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:12])
}

// bearer returns the token in a request, if there is exactly one.
func bearer(r *http.Request) string {
	header := r.Header.Values("Authorization")
	if len(header) != 1 {
		return ""
	}
	scheme, text, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(text)
}
