package daemon

import (
	"context"
	"errors"
	"log/slog"

	"usersig/server/internal/access"
	"usersig/server/internal/config"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/postgres"
	"usersig/server/internal/store/sqlite"
)

// Names of files in the data folder.
const (
	databaseFile = "usersig.db"
	kekFile      = "kek"
	tokenFile    = "operator.token"
	acmeFolder   = "acme"
	ledgerFile   = "audit.jsonl"
)

// State is what a server knows and keeps. The commands that work beside a server, or
// without one, open it too.
type State struct {
	Service *issuer.Service
	// Made says what was created, for people: what it is, and where.
	Made []Made

	config *config.Config
	store  issuer.Store
	kek    *reopening
	apps   *declared // of a stateless signer; otherwise nil
}

// Made is something that was created.
type Made struct{ What, Path string }

// OpenState opens the store and the KEK that cfg names, or makes them if it allows
// that. Observe, which may be nil, stands between the service and its store.
func OpenState(ctx context.Context, cfg *config.Config, opts Options, observe func(issuer.Store) issuer.Store) (*State, error) {
	opts.complete()
	s := &State{config: cfg}
	err := s.open(ctx, opts, observe)
	if err != nil {
		return nil, errors.Join(s.unmakeKEK(err), s.Close())
	}
	return s, nil
}

func (s *State) open(ctx context.Context, opts Options, observe func(issuer.Store) issuer.Store) (err error) {
	if err := s.openFolder(opts.Log); err != nil {
		return err
	}
	if s.config.Stateless() {
		s.apps, err = openDeclared(ctx, s.config, opts)
		if err != nil {
			return err
		}
		s.store, s.kek = s.apps, s.apps.kek
	} else if err := s.openStored(ctx); err != nil {
		return err
	}
	store := s.store
	if observe != nil {
		store = observe(store)
	}
	s.Service, err = issuer.New(ctx, store, s.kek, issuer.Options{Clock: opts.Clock, MaxStale: s.config.MaxStale, Poll: s.config.Poll, Log: opts.Log})
	if err != nil || s.apps != nil {
		return err
	}
	if s.config.Init {
		return s.init(ctx)
	}
	if !s.Service.Initialised() {
		return errors.New("the store is there but was not initialised to its end: start once with --init")
	}
	return nil
}

// openFolder makes the data folder if that is allowed, and looks at who else gets into it.
func (s *State) openFolder(log *slog.Logger) error {
	if s.config.Data == "" {
		return nil
	}
	if s.config.Init {
		if err := s.makeFolder(); err != nil {
			return err
		}
	}
	return inspectFolder(s.config.Data, log)
}

// openStored opens what is in a folder or a database.
func (s *State) openStored(ctx context.Context) (err error) {
	if s.store, err = openStore(ctx, s.config, false); err != nil {
		return err
	}
	if s.config.Init {
		if err := s.makeKEK(ctx); err != nil {
			return err
		}
	}
	s.kek, err = openKEK(ctx, s.config)
	return err
}

// openStore opens the store, and creates it if cfg allows that.
func openStore(ctx context.Context, cfg *config.Config, readOnly bool) (stored, error) {
	if cfg.StoreURL != "" {
		store, err := postgres.Open(ctx, cfg.StoreURL, &postgres.Options{Init: cfg.Init, ReadOnly: readOnly})
		if err != nil {
			return nil, err // not store, which would be an interface that is not nil
		}
		return store, nil
	}
	store, err := sqlite.Open(ctx, cfg.DataFile(databaseFile), &sqlite.Options{Init: cfg.Init, ReadOnly: readOnly, Lag: cfg.AuditSync})
	if err != nil {
		return nil, err
	}
	return store, nil
}

func (s *State) made(what, path string) { s.Made = append(s.Made, Made{what, path}) }

// Close closes what was opened.
func (s *State) Close() error {
	if s.Service != nil {
		s.Service.Close()
	}
	if s.store != nil {
		return s.store.Close()
	}
	return nil
}

// verifying is, in the metrics, the state of keys that were imported and never sign.
const verifying = "verifying"

// census returns how many applications and keys there are in each state.
func (s *State) census(ctx context.Context) (apps, keys map[string]int) {
	c := access.Caller{ID: "metrics", Scopes: []access.Scope{access.ScopeOperator}}
	apps, keys = map[string]int{}, map[string]int{}
	all, err := s.Service.Apps(ctx, c, 0, int(^uint(0)>>1))
	if err != nil {
		return apps, keys // the age of the snapshot says why
	}
	for _, app := range all {
		apps[string(app.State)]++
		its, _ := s.Service.Keys(ctx, c, app.ID) // deleted a moment ago
		for _, k := range its {
			if k.VerifiesOnly() {
				keys[verifying]++ // it waits for no rotation
				continue
			}
			keys[string(k.State)]++
		}
	}
	return apps, keys
}
