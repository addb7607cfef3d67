package daemon

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/demo"
	"usersig/server/internal/gate"
	"usersig/server/internal/hook"
	"usersig/server/internal/turn"
)

// openGate opens the gate, and what asks it: the audio/video server inside this one, and
// the hooks of others.
func (d *Daemon) openGate(cfg *config.Config) (err error) {
	m := &cfg.Media
	d.gate = gate.New(d.state.Service, gate.Options{
		Clock: d.opts.Clock, Log: d.log, StayAtExpiry: m.StayAtExpiry, Evicted: d.metrics.Evicted,
		Limits: gate.Limits{PerUser: m.PerUser, PerApp: m.PerApp, PerSource: m.PerSource},
	})
	if cfg.ServesMedia() {
		if d.media, err = d.openMedia(cfg); err != nil {
			return fmt.Errorf("media: %w", err)
		}
	}
	if cfg.Hooks.Enabled {
		if d.hooks, err = d.openHooks(cfg); err != nil {
			return fmt.Errorf("hooks: %w", err)
		}
	}
	return nil
}

// engine is the audio/video server.
type engine interface {
	http.Handler
	gate.Engine
	hook.Claims
	Drain(ctx context.Context)
	Close() error
}

func (d *Daemon) openHooks(cfg *config.Config) (*hook.Handler, error) {
	h := &cfg.Hooks
	opts := hook.Options{
		Gate: d.gate, Networks: h.Networks, MediaMTX: h.MediaMTXAPI, Shared: cfg.StoreURL != "", Clock: d.opts.Clock, Log: d.log,
	}
	if d.media != nil && cfg.Media.Redis.Address != "" {
		opts.Claims = d.media
	}
	if h.SecretFile != "" {
		var err error
		if opts.Secret, err = secretLine(h.SecretFile); err != nil {
			return nil, fmt.Errorf("secret_file: %w", err)
		}
	}
	return hook.New(opts)
}

// relays reads the secrets that TURN servers share with this one.
func relays(all []config.TURN) (out []turn.Server, err error) {
	for i, t := range all {
		secret, err := secretLine(t.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("turn[%d].secret_file: %w", i, err)
		}
		out = append(out, turn.Server{URLs: t.URLs, Secret: secret, TTL: t.TTL})
	}
	return out, nil
}

// serveMedia puts what asks the gate behind the front, and the page that shows it.
func (d *Daemon) serveMedia(cfg *config.Config, loopback bool) error {
	if d.hooks != nil {
		d.front.hooks = d.hooks
	}
	if len(cfg.Media.TURN) > 0 {
		servers, err := relays(cfg.Media.TURN)
		if err != nil {
			return fmt.Errorf("media: %w", err)
		}
		d.front.turn = turn.NewHandler(turn.Options{
			Gate: d.gate, Servers: servers, Origins: d.origins(), Let: d.let, Source: d.source, Clock: d.opts.Clock, Log: d.log,
		})
	}
	if d.media == nil {
		return nil
	}
	d.front.media = d.media
	if !cfg.Media.Demo {
		return nil
	}
	if cfg.Media.DemoConfig != "" && !loopback {
		d.log.Warn("media.demo_config is not served: listen is not loopback")
	}
	d.front.demo = demo.New(demo.Options{ConfigFile: cfg.Media.DemoConfig, Local: loopback})
	return nil
}

// secretLine reads a secret from a file that others cannot read.
func secretLine(path string) ([]byte, error) {
	text, err := custody.ReadSecret(path)
	if err == nil && len(bytes.TrimSpace(text)) == 0 {
		err = fmt.Errorf("%q is empty", path)
	}
	return bytes.TrimSpace(text), err
}

// closeGate ends every call that is still here. Their clients look for another server, or
// for this one until it is back: LiveKit's try ten times.
func (d *Daemon) closeGate() (err error) {
	if d.media != nil {
		err = d.media.Close()
	}
	if d.gate != nil {
		d.gate.Close()
	}
	if d.hooks != nil {
		d.hooks.Close()
	}
	return err
}
