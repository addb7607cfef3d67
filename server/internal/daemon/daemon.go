// Package daemon wires the server: from a configuration to a process that listens. It
// decides nothing that a request could notice; that is for the packages below it.
package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"usersig/server/internal/config"
	"usersig/server/internal/gate"
	"usersig/server/internal/hook"
	"usersig/server/internal/httpapi"
	"usersig/server/internal/issuer"
	"usersig/server/internal/oidc"
	"usersig/server/internal/telemetry"
)

// Options are what a [Daemon] needs of the process it is in. The zero value will do.
type Options struct {
	// Log is where the daemon writes. If nil, it is silent.
	Log *slog.Logger
	// Level is changed by Reload. It may be nil.
	Level *slog.LevelVar
	// Stdout is where the audit log of a stateless signer goes if nothing else is said.
	// If nil, it is discarded.
	Stdout io.Writer
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time
	// Version is what the daemon says it is.
	Version string
	// NotifySocket is where systemd is told how the daemon is doing. It may be empty.
	NotifySocket string
}

func (o *Options) complete() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Level == nil {
		o.Level = new(slog.LevelVar)
	}
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // the documented default
	}
}

// Daemon is a server that listens.
type Daemon struct {
	opts   Options
	log    *slog.Logger
	state  *State
	notify notifier

	reloading sync.Mutex                    // held while config is replaced
	config    atomic.Pointer[config.Config] // the one in force

	front    *front
	gate     *gate.Gate
	hooks    *hook.Handler // nil without hooks
	media    engine        // nil without media
	identity *oidc.Verifier
	metrics  *telemetry.Metrics
	tracer   *telemetry.Tracer
	certs    *certs // nil without certificate files
	acme     *acme  // nil without ACME
	main     listening
	watched  listening // the metrics', if they are apart
}

// listening is a server and where it listens. The zero value does neither.
type listening struct {
	listener net.Listener
	server   *http.Server
	tls      bool // the server's TLSConfig is net/http's to change once it serves
}

// Open opens the state that cfg names and listens. Requests wait until Serve is called.
func Open(ctx context.Context, cfg *config.Config, opts Options) (*Daemon, error) {
	opts.complete()
	d := &Daemon{opts: opts, log: opts.Log, notify: notifier(opts.NotifySocket), tracer: telemetry.NoTracer()}
	d.config.Store(cfg)
	if err := d.open(ctx, cfg); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Daemon) open(ctx context.Context, cfg *config.Config) (err error) {
	if err := telemetry.SetLevel(d.opts.Level, cfg.Log.Level); err != nil {
		return err
	}
	if cfg.Trace.Endpoint != "" {
		if d.tracer, err = telemetry.NewTracer(ctx, cfg.Trace.Endpoint, cfg.Trace.Ratio, d.opts.Version, d.log); err != nil {
			return err
		}
	}
	d.metrics = telemetry.NewMetrics(d.measures(context.WithoutCancel(ctx)))
	d.state, err = OpenState(ctx, cfg, d.opts, func(s issuer.Store) issuer.Store {
		return &measured{s, d.metrics, d.tracer, d.opts.Clock}
	})
	if err != nil {
		return err
	}
	if err := d.openGate(cfg); err != nil {
		return err
	}
	if err := d.handle(cfg); err != nil {
		return err
	}
	return d.listen(ctx, cfg)
}

// measures says what the metrics are asked for at a scrape, when there is a state.
func (d *Daemon) measures(ctx context.Context) telemetry.Source {
	return telemetry.Source{
		Census: func() (apps, keys map[string]int) { return d.state.census(ctx) },
		Age:    func() time.Duration { return d.state.Service.Staleness() },
		Sessions: func() int {
			return d.gate.Sessions()
		},
		AppStates: []string{string(issuer.Running), string(issuer.Stopped)},
		KeyStates: []string{string(issuer.Next), string(issuer.Signing), string(issuer.Retired), string(issuer.Dead), verifying},
		Version:   d.opts.Version,
	}
}

// handle makes what answers requests.
func (d *Daemon) handle(cfg *config.Config) error {
	loopback, err := config.Loopback(cfg.Listen)
	if err != nil {
		return err
	}
	d.identity = oidc.New(oidc.Options{Clock: d.opts.Clock})
	d.front = &front{metrics: d.metrics, exposed: loopback && cfg.Metrics.Listen == ""}
	if err := d.serveMedia(cfg, loopback); err != nil {
		return err
	}
	d.apply(cfg)
	return nil
}

// apply puts those parts of cfg in force that can change while requests are served.
func (d *Daemon) apply(cfg *config.Config) {
	var rooms gate.Engine
	if d.media != nil {
		rooms = d.media
	}
	api := httpapi.New(d.state.Service, httpapi.Options{
		Media:     rooms,
		Identity:  d.identity,
		IsOutage:  func(err error) bool { return errors.Is(err, oidc.ErrProvider) },
		Clock:     d.opts.Clock,
		Log:       d.log,
		Observe:   d.metrics.Observe,
		Origins:   cfg.CORS.Origins,
		Proxies:   cfg.TrustedProxies,
		PerSource: limit(cfg.Limits.PerSource),
		PerKey:    limit(cfg.Limits.PerKey),
		Requests:  cfg.Limits.Requests,
		Rejected:  d.metrics.Rejected,
		Ending:    d.front.draining.Load,
		Version:   d.opts.Version,
	})
	var handler http.Handler = api
	d.front.api.Store(&handler)
	d.front.guests.Store(&api)
	d.config.Store(cfg)
}

func limit(r config.Rate) httpapi.Limit {
	if r.PerSecond == 0 {
		// Its zero value is a default where ours is no limit.
		return httpapi.Limit{PerSecond: -1}
	}
	return httpapi.Limit{PerSecond: r.PerSecond, Burst: r.Burst}
}

// Addr returns the address of the API.
func (d *Daemon) Addr() net.Addr { return d.main.listener.Addr() }

// MetricsAddr returns the address of the metrics, if they have one of their own, or nil.
func (d *Daemon) MetricsAddr() net.Addr {
	if d.watched.listener == nil {
		return nil
	}
	return d.watched.listener.Addr()
}

// Made returns what was created when the daemon was opened.
func (d *Daemon) Made() []Made { return d.state.Made }

// Close closes everything. Serve must have returned, or not have been called.
func (d *Daemon) Close() error {
	var all []error
	for _, l := range []listening{d.main, d.watched} {
		if l.listener != nil {
			if err := l.listener.Close(); !errors.Is(err, net.ErrClosed) {
				all = append(all, err)
			}
		}
	}
	if d.acme != nil {
		d.acme.close()
	}
	all = append(all, d.closeGate())
	if d.state != nil {
		all = append(all, d.state.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := d.tracer.Close(ctx); err != nil {
		d.log.Warn("the last traces were not sent", "err", err)
	}
	return errors.Join(all...)
}
