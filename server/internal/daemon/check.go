package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"usersig/server/internal/config"
	"usersig/server/internal/store/postgres"
)

// Check opens what cfg names and a start would open, but for the state and the ports: a
// server may run beside it. It returns all that is wrong.
func Check(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	var all []error
	if cfg.Data != "" {
		all = append(all, inspectFolder(cfg.Data, log))
	}
	all = append(all, checkKeys(ctx, cfg))
	if cfg.StoreURL != "" {
		all = append(all, postgres.CheckURL(cfg.StoreURL))
	}
	if cfg.TLS.Cert != "" {
		_, err := pair{cfg.TLS.Cert, cfg.TLS.Key}.load()
		all = append(all, err)
	}
	_, err := rootsOf("tls.acme.root_file", cfg.TLS.ACME.RootFile)
	return errors.Join(append(all, err, checkCalls(cfg))...)
}

// checkCalls opens what the audio/video server and the hooks would.
func checkCalls(cfg *config.Config) error {
	var all []error
	_, err := relays(cfg.Media.TURN)
	if cfg.ServesMedia() {
		err = checkMedia(&cfg.Media)
	}
	if err != nil {
		all = append(all, fmt.Errorf("media: %w", err))
	}
	if file := cfg.Media.DemoConfig; cfg.ServesMedia() && cfg.Media.Demo && file != "" {
		if _, err := os.ReadFile(file); err != nil { //nolint:gosec // the operator's own path
			all = append(all, fmt.Errorf("media.demo_config: %w", err))
		}
	}
	if cfg.Hooks.Enabled && cfg.Hooks.SecretFile != "" {
		if _, err := secretLine(cfg.Hooks.SecretFile); err != nil {
			all = append(all, fmt.Errorf("hooks.secret_file: %w", err))
		}
	}
	return errors.Join(all...)
}

func checkKeys(ctx context.Context, cfg *config.Config) error {
	if cfg.Stateless() {
		_, err := newDeclared(ctx, cfg)
		return err
	}
	if _, err := os.Lstat(cfg.KEKPath()); cfg.KEK == "" && errors.Is(err, fs.ErrNotExist) {
		return nil // init makes it
	}
	_, err := openKEK(ctx, cfg)
	return err
}
