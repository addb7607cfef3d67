package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"usersig/server/internal/config"
	"usersig/server/internal/telemetry"
)

// Serve answers requests until ctx ends. Then it lets those end that are under way, for
// as long as the configuration says.
func (d *Daemon) Serve(ctx context.Context) error {
	failed := make(chan error, 2)
	d.start(&d.main, failed)
	d.start(&d.watched, failed)
	if d.acme != nil {
		// It needs the server, to answer challenges.
		if err := d.acme.manage(ctx); err != nil {
			return errors.Join(err, d.main.server.Close())
		}
	}
	d.log.Info("serving", "address", d.Addr().String(), "tls", d.main.tls, "version", d.opts.Version)
	d.tell("READY=1")
	select {
	case err := <-failed:
		return errors.Join(err, d.drain(failed))
	case <-ctx.Done():
		return d.drain(failed)
	}
}

func (d *Daemon) start(l *listening, failed chan<- error) {
	if l.listener == nil {
		return
	}
	go func() {
		serve := l.server.Serve
		if l.tls {
			serve = func(at net.Listener) error { return l.server.ServeTLS(at, "", "") }
		}
		if err := serve(l.listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve: %w", err)
		}
	}()
}

// drain says that the server is ending, waits until load balancers know, and then for
// the requests that are under way and for the calls to be on other nodes.
func (d *Daemon) drain(failed <-chan error) error {
	limits := d.config.Load().Limits
	d.tell("STOPPING=1")
	d.front.draining.Store(true)
	d.log.Info("ending", "delay", limits.DrainDelay, "timeout", limits.DrainTimeout)
	d.main.server.SetKeepAlivesEnabled(false)
	var failure error
	if limits.DrainDelay > 0 {
		select {
		case <-time.After(limits.DrainDelay):
		case failure = <-failed:
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limits.DrainTimeout)
	defer cancel()
	moved := d.moveCalls(ctx)
	err := d.main.server.Shutdown(ctx)
	<-moved
	if errors.Is(err, context.DeadlineExceeded) {
		d.log.Warn("requests were cut off", "requests", d.front.underway.Load())
		err = d.main.server.Close()
	}
	// To the last: how it ended can be seen.
	if d.watched.server != nil {
		err = errors.Join(err, d.watched.server.Close())
	}
	return errors.Join(failure, err)
}

// moveCalls has the users of calls here begin anew on other nodes, from when this one does
// not listen any more: before, they could come back to it.
func (d *Daemon) moveCalls(ctx context.Context) (moved <-chan struct{}) {
	done := make(chan struct{})
	if d.media == nil {
		close(done)
		return done
	}
	d.main.server.RegisterOnShutdown(func() {
		defer close(done)
		d.media.Drain(ctx)
	})
	return done
}

func (d *Daemon) tell(state string) {
	if err := d.notify.tell(state); err != nil {
		d.log.Warn("systemd was not told", "state", state, "err", err)
	}
}

// changeable are the keys that Reload puts in force, by how they begin.
var changeable = []string{
	"log.level", "cors.", "trusted_proxies", "apps", "tls.cert", "tls.key",
	"limits.requests", "limits.per_", "limits.drain_",
}

// Reload puts a new configuration in force, as far as that is possible while requests
// are served; what is not is named in the log. If anything of it is wrong, the old one
// stays, whole.
func (d *Daemon) Reload(ctx context.Context, cfg *config.Config) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	d.tell("RELOADING=1")
	defer d.tell("READY=1")
	old := d.config.Load()
	if later := fixed(old.Differences(cfg)); len(later) > 0 {
		d.log.Warn("these keys take effect at the next start", "keys", strings.Join(later, " "))
	}
	if old.Stateless() != cfg.Stateless() || (old.TLS.Cert == "") != (cfg.TLS.Cert == "") {
		return errors.New("reload: a store, and certificate files, cannot come or go while the server runs")
	}
	// What can fail comes first, what cannot last.
	if err := d.reloadKeys(ctx, cfg); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	if err := telemetry.SetLevel(d.opts.Level, cfg.Log.Level); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	d.apply(cfg)
	d.log.Info("the configuration was read again")
	return nil
}

func fixed(differ []string) (later []string) {
	for _, key := range differ {
		if !slices.ContainsFunc(changeable, func(p string) bool { return strings.HasPrefix(key, p) }) {
			later = append(later, key)
		}
	}
	return later
}

// reloadKeys reads certificates, the KEK and declared applications again.
func (d *Daemon) reloadKeys(ctx context.Context, cfg *config.Config) error {
	files := pair{cfg.TLS.Cert, cfg.TLS.Key}
	if d.certs != nil {
		if _, err := files.load(); err != nil {
			return err
		}
	}
	if err := d.state.kek.reopen(ctx); err != nil {
		return err
	}
	if d.state.apps != nil {
		if err := d.state.apps.declare(ctx, cfg); err != nil {
			return err
		}
	}
	if d.certs != nil {
		if err := d.certs.use(files); err != nil {
			return err
		}
	}
	if d.state.apps == nil && cfg.StoreURL == "" {
		d.rewrap(ctx)
	}
	return nil
}

// rewrap puts the hosted keys under the primary KEK. It is for the only node of a store:
// of several, others may not have the new KEK yet, and `usersigd kek rewrap` is for when
// they have.
func (d *Daemon) rewrap(ctx context.Context) {
	n, err := d.state.rewrapAll(ctx, atSignal, d.opts.Clock)
	if err != nil {
		d.log.Error("hosted keys stay under an older KEK", "err", err)
	}
	if n > 0 {
		d.log.Info("hosted keys were put under the primary KEK", "keys", n)
	}
}
