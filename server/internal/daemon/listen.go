package daemon

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"usersig/server/internal/config"
)

// handler returns what the server serves: the front, in spans if there are traces.
func (d *Daemon) handler(ctx context.Context, cfg *config.Config) (http.Handler, error) {
	if cfg.Trace.Endpoint == "" {
		return d.front, nil
	}
	patterns, err := patternsOf(ctx, *d.front.api.Load())
	if err != nil {
		return nil, err
	}
	return d.tracer.Requests(d.front, newRoutes(patterns).route), nil
}

func (d *Daemon) listen(ctx context.Context, cfg *config.Config) (err error) {
	handler, err := d.handler(ctx, cfg)
	if err != nil {
		return err
	}
	if d.main, err = d.bind(ctx, cfg, cfg.Listen, handler); err != nil {
		return err
	}
	if d.main.server.TLSConfig, err = d.certificates(cfg); err != nil {
		return err
	}
	d.main.tls = d.main.server.TLSConfig != nil
	if cfg.Metrics.Listen == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", d.metrics.Handler())
	d.watched, err = d.bind(ctx, cfg, cfg.Metrics.Listen, mux)
	return err
}

// bind listens at an address, and makes what will serve there.
func (d *Daemon) bind(ctx context.Context, cfg *config.Config, address string, handler http.Handler) (listening, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return listening{}, err
	}
	bounded := newConnections(l, cfg.Limits.Connections, cfg.Limits.ConnectionsPerSource, d.isProxy)
	server := d.newServer(cfg, counted(handler))
	server.ConnContext = bounded.context
	return listening{listener: bounded, server: server}, nil
}

func (d *Daemon) isProxy(a netip.Addr) bool {
	return slices.ContainsFunc(d.config.Load().TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// writeTimeout is how long the client may take for a reply where nothing else is said:
// each route of the API has a time of its own. It ends replies to clients that have
// stopped reading.
const writeTimeout = 10 * time.Second

func (d *Daemon) newServer(cfg *config.Config, handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: cfg.Limits.HeaderTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       cfg.Limits.IdleTimeout,
		MaxHeaderBytes:    cfg.Limits.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelDebug), // mostly of strangers' handshakes
	}
}

// certificates returns how connections are encrypted, or nil if they are not.
func (d *Daemon) certificates(cfg *config.Config) (_ *tls.Config, err error) {
	switch {
	case cfg.TLS.Cert != "":
		if d.certs, err = openCerts(pair{cfg.TLS.Cert, cfg.TLS.Key}, d.log); err != nil {
			return nil, err
		}
		return d.certs.config(), nil
	case len(cfg.TLS.ACME.Domains) > 0:
		if d.acme, err = openACME(cfg, d.main.listener.Addr(), d.log); err != nil {
			return nil, err
		}
		return d.acme.config(), nil
	}
	return nil, nil //nolint:nilnil // plain HTTP, which the configuration allows
}
