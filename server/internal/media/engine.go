// Package media is the audio/video server: LiveKit, inside this process, behind the gate.
//
// It is the only package that imports LiveKit. No token of LiveKit's exists: what a
// client's SDK hands in is a [gate.Credential], which is checked here at every connect,
// resume, reconnect and validation, and again on the node that has the room.
package media

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	pion "github.com/pion/turn/v5"
	"golang.org/x/time/rate"

	"usersig/server/internal/door"
	"usersig/server/internal/gate"
)

// Options is what an [Engine] needs of the process it is in.
type Options struct {
	// Gate admits users. It must be set.
	Gate *gate.Gate
	// Source returns the address of a request's client. If nil, it is the connection's.
	Source func(*http.Request) netip.Addr
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time
	// Log receives what the engine has to say. If nil, it is dropped.
	Log *slog.Logger
	// Observe, if not nil, is told of every request that was decided: what it was, and "ok"
	// or the reason why not.
	Observe func(route, outcome string, d time.Duration)
	// Origins are whose pages may call. SDKs that are not in a browser are not concerned.
	Origins door.Origins
	// Let bounds the requests of those who have not proved yet who they are. If nil, there
	// is no bound.
	Let door.Let
}

// How many refusals are logged: some at once, because a class of users whose UserSigs have
// ended comes together and each line helps, and few from then on, because strangers at the
// door could fill the disk.
const (
	toldPerSecond = 10
	toldAtOnce    = 100
)

// Engine is an audio/video server. Close must be called.
type Engine struct {
	gate    *gate.Gate
	config  Config
	source  func(*http.Request) netip.Addr
	clock   func() time.Time
	log     *slog.Logger
	seen    func(route, outcome string, d time.Duration)
	lk      *livekitParts
	relay   *pion.Server // nil if there is none
	secret  []byte       // of the relay
	tcp     io.Closer    // nil if there is none
	mux     *http.ServeMux
	origins door.Origins
	let     door.Let
	waiting waiting
	told    *rate.Limiter // of refusals, to the log

	mu    sync.Mutex
	seats map[string]*seat              // by room and user; guarded by mu
	bySID map[string]*seat              // the same by the participant's ID; guarded by mu
	calls map[*bounded]livekit.RoomName // of clients that are connected here; guarded by mu

	liars liars

	stop context.CancelFunc
	done sync.WaitGroup
}

// Open starts an engine. It listens for media where the configuration says, and nowhere
// else; for signalling it is an [http.Handler].
func Open(cfg Config, opts Options) (*Engine, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	e := &Engine{gate: opts.Gate, config: cfg, source: opts.Source, clock: opts.Clock, log: opts.Log, seen: opts.Observe, seats: make(map[string]*seat), bySID: make(map[string]*seat), calls: make(map[*bounded]livekit.RoomName), origins: opts.Origins, let: opts.Let, told: rate.NewLimiter(toldPerSecond, toldAtOnce)}
	if e.clock == nil {
		e.clock = time.Now //nolint:forbidigo // the documented default
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.seen == nil {
		e.seen = func(string, string, time.Duration) {}
	}
	if e.source == nil {
		e.source = sourceOf
	}
	if e.let == nil {
		e.let = door.Anybody
	}
	var err error
	if e.lk, err = e.assemble(); err != nil {
		return nil, err
	}
	if err := e.start(); err != nil {
		return nil, errors.Join(err, e.end())
	}
	e.mux = e.routes()
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.done.Go(func() { e.housekeep(ctx) })
	if e.lk.redis != nil {
		e.done.Go(func() { e.hearRenewals(ctx) })
		e.done.Go(func() { (&places{engine: e}).keep(ctx) })
	}
	return e, nil
}

// ServeHTTP answers the requests of client SDKs, all under /rtc.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.mux.ServeHTTP(w, r) }

// housekeep closes rooms that are empty.
func (e *Engine) housekeep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			e.lk.rooms.CloseIdleRooms()
		}
	}
}

// Close ends every call and stops listening. Whoever is still here begins anew, as after
// a crash: on this node when it is back, if not on another. LiveKit would tell them to
// leave for good.
func (e *Engine) Close() error {
	e.retire()
	e.sendAway(everybody)
	return e.end()
}

func (e *Engine) start() (err error) {
	e.secret = relaySecret()
	if e.relay, err = e.openRelay(); err != nil {
		return err
	}
	if e.tcp, err = e.openTCP(); err != nil {
		return err
	}
	return e.lk.start()
}

func (e *Engine) end() error {
	err := e.lk.close()
	if e.relay != nil {
		err = errors.Join(err, e.relay.Close())
	}
	if e.tcp != nil {
		err = errors.Join(err, e.tcp.Close())
	}
	return err
}

func sourceOf(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr()
}
