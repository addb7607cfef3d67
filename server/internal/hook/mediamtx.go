package hook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"time"

	"usersig/server/internal/gate"
)

// mtxCall is what MediaMTX asks. In its configuration:
//
//	authMethod: http
//	authHTTPAddress: http://127.0.0.1:8080/hooks/mediamtx
//	authHTTPExclude: [{action: api}, {action: metrics}, {action: pprof}]
//
// The path is the stream, maybe in a folder. The client shows its credential in the
// URL's query or, with WHIP, WHEP and HLS, whole as a bearer token.
type mtxCall struct {
	Action   string `json:"action"`
	Path     string `json:"path"`
	Protocol string `json:"protocol"`
	ID       string `json:"id"` // of the connection; empty for single requests
	Query    string `json:"query"`
	Token    string `json:"token"`
	IP       string `json:"ip"`

	words  url.Values
	source netip.Addr
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// parseMediaMTX reads what MediaMTX posts.
func parseMediaMTX(text []byte) (mtxCall, error) {
	var c mtxCall
	if err := json.Unmarshal(text, &c); err != nil {
		return mtxCall{}, errors.New("the body is not a JSON object")
	}
	var err error
	if c.words, err = url.ParseQuery(c.Query); err != nil {
		return mtxCall{}, errors.New("query is not one")
	}
	if c.source, err = netip.ParseAddr(c.IP); err != nil {
		return mtxCall{}, errors.New("ip is not an IP address")
	}
	c.source = plain(c.source)
	// It becomes part of a URL of the API.
	if c.ID != "" && !uuid.MatchString(c.ID) {
		return mtxCall{}, errors.New("id is not a UUID")
	}
	return c, nil
}

// verb returns what a user wants who does this, if it is about a stream.
func (c *mtxCall) verb() (verb, bool) {
	switch c.Action {
	case "publish":
		return send, true
	case "read", "playback":
		return receive, true
	}
	return "", false
}

// mediamtx answers MediaMTX.
func (h *Handler) mediamtx(w http.ResponseWriter, r *http.Request) {
	text, ok := body(w, r)
	if !ok {
		return
	}
	c, err := parseMediaMTX(text)
	if err != nil {
		misunderstood(w, err.Error())
		return
	}
	v, ok := c.verb()
	if !ok {
		// A UserSig makes nobody an operator of the engine.
		http.Error(w, "usersig hooks: the action is none of publish, read and playback", http.StatusForbidden)
		return
	}
	q := question{verb: v, stream: path.Base(c.Path), words: c.words, token: c.Token, source: c.source}
	if err := h.mtxAsks(r, &c, &q); err != nil {
		h.refuse(w, r, &q, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// errNoEnd: a stream that could go on after its user was revoked is not begun.
var errNoEnd = errors.New("streams of this protocol cannot be ended")

func (h *Handler) mtxAsks(r *http.Request, c *mtxCall, q *question) error {
	if h.api == nil || c.ID == "" {
		return h.admit(r, q, &stay{})
	}
	if _, known := collections[c.Protocol]; !known {
		return errNoEnd
	}
	k := key{engine: peer(r), kind: c.Protocol, id: c.ID, client: c.source}
	err := h.admit(r, q, &stay{key: k, evict: h.evict})
	if errors.Is(err, gate.ErrCrowded) {
		// MediaMTX does not say when a stream is over, so some of those counted may be.
		h.forgetGone(r.Context())
		err = h.admit(r, q, &stay{key: k, evict: h.evict})
	}
	if err == nil {
		h.claim(r.Context(), c.ID)
	}
	return err
}

// forgetGone removes the stays on MediaMTX that it does not have any more.
func (h *Handler) forgetGone(ctx context.Context) {
	// These are there first and MediaMTX is asked then: whoever comes meanwhile is kept.
	before := map[*stay]bool{}
	for _, s := range h.table.all() {
		before[s] = true
	}
	for protocol := range collections {
		on := func(s *stay) bool { return before[s] && s.key.kind == protocol }
		if !h.table.any(on) {
			continue
		}
		ids, err := h.api.ids(ctx, protocol)
		if err != nil {
			h.opts.Log.WarnContext(ctx, "cannot ask MediaMTX which streams it has", "protocol", protocol, "err", err)
			continue // the others may well be had
		}
		// Asked for one by one as well: pages of a list that changes meanwhile miss some.
		h.table.forget(func(s *stay) bool {
			_, listed := ids[s.key.id]
			return on(s) && !listed && h.api.gone(ctx, protocol, s.key.id)
		})
	}
}

// evict makes MediaMTX end a stay. It does not wait for that.
func (h *Handler) evict(s *stay) { h.background.Go(func() { h.kick(s) }) }

func (h *Handler) kick(s *stay) {
	const most = 30 * time.Second
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, most) {
		err := h.api.kick(h.ctx, s.key.kind, s.key.id)
		if err == nil {
			h.table.end(s)
			return
		}
		if h.table.get(s.key) != s {
			return // forgotten meanwhile: MediaMTX had it no more
		}
		if !errors.Is(err, errNotYet) {
			h.opts.Log.Error("cannot end a stream on MediaMTX; it is tried again", "err", err)
		}
		select {
		case <-h.ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
