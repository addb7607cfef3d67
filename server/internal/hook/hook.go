// Package hook answers the media engines that ask over HTTP before they let anybody send
// or receive: nginx-rtmp and MediaMTX. What they are told is what the gate says, as
// everywhere; and streams that were let in end when the gate says so, as far as their
// engine can be made to.
//
// A [Stream] is one user in one room. Sending it takes the rights to send audio and
// video, and receiving it those to receive both: an engine passes all that is in a
// stream, so a user with the right to one of them only could do more than that. The
// right to create rooms is not asked for, because a stream needs no room to be there.
package hook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"usersig/server/internal/gate"
)

// Options are what a [Handler] needs.
type Options struct {
	Gate *gate.Gate
	// Networks are where engines ask from: this machine, if there are none. Whoever else
	// could ask would have an oracle for tokens, and could lock users out by failing in
	// their names from any address they like.
	Networks []netip.Prefix
	// Secret has to be in the query of the URLs that engines ask at, as secret=…, unless
	// it is empty. It is needed where others can send from the networks.
	Secret []byte
	// MediaMTX is the URL of MediaMTX's API, such as "http://127.0.0.1:9997". Without it,
	// streams on MediaMTX are asked about when they begin and never end by the gate's word.
	MediaMTX string
	// Shared says that other nodes let users into the same MediaMTX. Without Claims,
	// streams on it that this node did not let in go on then, whoever sends them.
	Shared bool
	// Claims is how those nodes know of each other's streams.
	Claims Claims
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time
	// Log receives why streams were refused: engines do not tell their users. If nil, it
	// is dropped.
	Log *slog.Logger

	transport http.RoundTripper // to MediaMTX's API, if not the usual one
}

// Handler answers engines. It is safe for concurrent use.
type Handler struct {
	opts  Options
	mux   *http.ServeMux
	table table
	api   *api // nil if there is none

	background sync.WaitGroup
	ctx        context.Context // ends with the handler, and with it what runs in the background
	stop       context.CancelFunc
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// New returns a handler of POST /hooks/nginx-rtmp and POST /hooks/mediamtx. Close must be
// called.
func New(opts Options) (*Handler, error) {
	if len(opts.Networks) == 0 {
		opts.Networks = loopback
	}
	if opts.Clock == nil {
		opts.Clock = time.Now //nolint:forbidigo // the documented default
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{opts: opts, mux: http.NewServeMux()}
	if opts.MediaMTX != "" {
		var err error
		if h.api, err = newAPI(opts.MediaMTX, opts.transport); err != nil {
			return nil, err
		}
	}
	h.table = table{gate: opts.Gate, clock: opts.Clock, stays: map[key]*stay{}}
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.mux.HandleFunc("POST /hooks/nginx-rtmp", h.nginx)
	h.mux.HandleFunc("POST /hooks/mediamtx", h.mediamtx)
	h.background.Go(h.watch)
	return h, nil
}

// Close ends what runs in the background. Streams go on; nobody watches over them. The
// gate has to be closed before, and no request may be under way.
func (h *Handler) Close() {
	h.stop()
	h.background.Wait()
	h.table.close()
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.mayAsk(r) {
		http.Error(w, "usersig hooks: only the configured engines may ask", http.StatusForbidden)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// mayAsk reports whether a request comes from an engine.
func (h *Handler) mayAsk(r *http.Request) bool {
	from := peer(r)
	if !slices.ContainsFunc(h.opts.Networks, func(p netip.Prefix) bool { return p.Contains(from) }) {
		return false
	}
	// A proxy or a browser on this machine would lend its address to strangers. No engine
	// sends what they do.
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip", "Origin", "Sec-Fetch-Site"} {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	if len(h.opts.Secret) == 0 {
		return true
	}
	given := r.URL.Query()["secret"]
	if len(given) != 1 {
		return false
	}
	// Hashed, so that not even the length is told by the time it takes.
	a, b := sha256.Sum256([]byte(given[0])), sha256.Sum256(h.opts.Secret)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func peer(r *http.Request) netip.Addr {
	p, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plain(p.Addr())
}

// plain returns an address in its one spelling.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// mostBody bounds what an engine says. Its own limits on URLs are below.
const mostBody = 64 << 10

// body reads what an engine says, and answers if it is too much or does not come in the
// time that the server gives it.
func body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		http.Error(w, "usersig hooks: the body cannot be read", http.StatusBadRequest)
		return nil, false
	}
	w.Header().Del("Connection") // nothing is left of the body, so there can be a next request
	return text, true
}

// misunderstood answers what no engine says.
func misunderstood(w http.ResponseWriter, why string) {
	http.Error(w, "usersig hooks: "+why, http.StatusBadRequest)
}
