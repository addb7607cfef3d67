package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"usersig/server/internal/custody"
	"usersig/server/internal/daemon"
	"usersig/server/internal/telemetry"
)

// serve is the server, from its configuration to its end.
func (p *process) serve(ctx context.Context, f *flags) (err error) {
	cfg, err := p.load(f)
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	log := telemetry.NewLogger(p.stderr, cfg.Log.Format, level)
	for _, note := range custody.Harden() {
		log.Info("hardening", "note", note)
	}
	d, err := daemon.Open(ctx, cfg, daemon.Options{
		Log: log, Level: level, Stdout: p.stdout, Version: version(), NotifySocket: p.getenv("NOTIFY_SOCKET"),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for _, made := range d.Made() {
		log.Info("made", "what", made.What, "path", made.Path)
	}
	ended := make(chan struct{})
	defer close(ended)
	go p.reload(ctx, f, d, log, ended)
	return d.Serve(ctx)
}

// reload reads the configuration again at each SIGHUP.
func (p *process) reload(ctx context.Context, f *flags, d *daemon.Daemon, log *slog.Logger, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-p.hangup:
		}
		cfg, err := p.load(f)
		if err == nil {
			err = d.Reload(ctx, cfg)
		}
		if err != nil {
			log.Error("the configuration is not good; the old one stays", "err", err)
		}
	}
}

func (p *process) getenv(name string) string {
	for _, kv := range p.environ {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

func (p *process) newInit(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "init", Short: "Make the state, with a first operator's credential, and end", Args: args(0),
		Long: `Makes what --init makes and does not serve. State that is there is left as it is, so
that it can be run again.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.init = true
			cfg, err := p.load(f)
			if err != nil {
				return err
			}
			s, err := daemon.OpenState(cmd.Context(), cfg, daemon.Options{}, nil)
			if err != nil {
				return err
			}
			for _, made := range s.Made {
				fmt.Fprintf(p.stdout, "%s: %s\n", made.What, made.Path)
			}
			if len(s.Made) == 0 {
				fmt.Fprintln(p.stdout, "everything is there already")
			}
			return s.Close()
		},
	}
}
