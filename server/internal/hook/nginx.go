package hook

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"usersig/server/internal/door"
)

// nginxCall is what nginx-rtmp says of one of its connections. In its configuration:
//
//	on_publish, on_play, on_update, on_done http://127.0.0.1:8080/hooks/nginx-rtmp;
//	notify_update_timeout 1s;
//	notify_update_strict on;
//
// It is told of a user that has to leave when it asks the next time, so within
// notify_update_timeout.
type nginxCall struct {
	call   string
	name   string // of the stream
	client string // the number of the connection
	source netip.Addr
	words  url.Values // the engine's and, behind them, the client's
	cut    bool       // the client's are as long as nginx-rtmp takes, so some may be missing
}

// mostName is where nginx-rtmp cuts a stream's name with its arguments. A UserSig of the
// HMAC scheme fits if it is compressed; one of the ECDSA scheme and a PrivateMapKey do not.
const mostName = 255

// parseNginx reads what nginx-rtmp posts. It puts the client's arguments behind its own
// as they came, so a client can say anything again that the engine said: what is there
// twice is refused, or a client could choose which stream it is taken to ask for.
func parseNginx(text string) (nginxCall, error) {
	words, err := url.ParseQuery(text)
	if err != nil {
		return nginxCall{}, errors.New("the body is not a form")
	}
	one := func(name string) string {
		if given := words[name]; len(given) != 1 {
			err = fmt.Errorf("there is not one %s", name)
			return ""
		}
		return words[name][0]
	}
	c := nginxCall{call: one("call"), name: one("name"), client: one("clientid"), words: words}
	c.source, _ = netip.ParseAddr(one("addr"))
	if err != nil {
		return nginxCall{}, err
	}
	if !c.source.IsValid() || c.client == "" {
		return nginxCall{}, errors.New("addr is not an IP address, or clientid is empty")
	}
	c.source = plain(c.source)
	if _, args, ok := strings.Cut(text, "&UserSig="); ok {
		c.cut = len(c.name)+len("?UserSig=")+len(args) >= mostName
	}
	return c, nil
}

// silence is how long nginx-rtmp may not ask about a stream that it has not said is over
// until it is forgotten. Should it ask after all, that is a new beginning.
const silence = time.Minute

// nginx answers nginx-rtmp.
func (h *Handler) nginx(w http.ResponseWriter, r *http.Request) {
	text, ok := body(w, r)
	if !ok {
		return
	}
	c, err := parseNginx(string(text))
	if err != nil {
		misunderstood(w, err.Error())
		return
	}
	k := key{engine: peer(r), kind: "nginx-rtmp", id: c.client, client: c.source}
	switch c.call {
	case "publish", "update_publish":
		h.nginxAsks(w, r, &c, k, send)
	case "play", "update_play":
		h.nginxAsks(w, r, &c, k, receive)
	case "done", "publish_done", "play_done":
		if s := h.table.get(k); s != nil {
			h.table.end(s)
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		misunderstood(w, "the call is none of publish, play, update and done")
	}
}

func (h *Handler) nginxAsks(w http.ResponseWriter, r *http.Request, c *nginxCall, k key, v verb) {
	if s := h.table.get(k); s != nil && strings.HasPrefix(c.call, "update_") && s.verb == v && s.stream == c.name {
		if why := s.why(h.opts.Clock()); why != nil {
			h.table.end(s)
			h.refuse(w, r, &question{verb: v, stream: c.name, source: c.source}, why)
			return
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	// The engine's first word of this stream, or ours: this server may have started since.
	q := question{verb: v, stream: c.name, words: c.words, source: c.source}
	err := h.admit(r, &q, &stay{key: k})
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	case c.cut:
		h.opts.Log.WarnContext(r.Context(), "nginx-rtmp has cut the arguments of a stream, which are too long for it", "most", mostName)
	}
	h.refuse(w, r, &q, err)
}

// admit asks the gate and, if it lets the user in, watches over the stay. A stay without
// an ID in its key is not watched: the engine asks anew about everything.
func (h *Handler) admit(r *http.Request, q *question, s *stay) error {
	c, err := q.credential()
	if err != nil {
		return err
	}
	p, err := h.opts.Gate.Enter(r.Context(), c, q.source)
	if err != nil {
		return err
	}
	if err := allows(p.Rights(), q.verb); err != nil {
		return err
	}
	if s.key.id == "" {
		return nil
	}
	s.verb, s.stream, s.user = q.verb, q.stream, c.UserID
	return h.table.enter(r.Context(), s, p, q.source)
}

// refuse answers an engine and writes down why, which the engine tells nobody.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, q *question, why error) {
	s, _ := ParseStream(q.stream)
	h.opts.Log.InfoContext(r.Context(), "stream refused", "verb", string(q.verb), "sdkappid", s.App, "room", s.Room.String(),
		"source", q.source, "why", why)
	if errors.Is(why, errOther) || errors.Is(why, errNoEnd) {
		http.Error(w, "usersig hooks: "+why.Error(), http.StatusForbidden)
		return
	}
	door.Refuse(w, r, h.opts.Log, why)
}

// forgetSilent removes the stays on nginx-rtmp that it has not asked about for long: it
// has ended, or is not configured to say so.
func (h *Handler) forgetSilent() {
	now := h.opts.Clock()
	h.table.forget(func(s *stay) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.key.kind == "nginx-rtmp" && now.Sub(s.heard) > silence
	})
}
