package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"usersig/server/internal/access"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
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
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *State) open(ctx context.Context, opts Options, observe func(issuer.Store) issuer.Store) (err error) {
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

// openStored opens what is in a folder or a database.
func (s *State) openStored(ctx context.Context) (err error) {
	if s.config.Init {
		if err := s.makeFolder(); err != nil {
			return err
		}
	}
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
func openStore(ctx context.Context, cfg *config.Config, readOnly bool) (issuer.Store, error) {
	if cfg.StoreURL != "" {
		store, err := postgres.Open(ctx, cfg.StoreURL, &postgres.Options{Init: cfg.Init})
		if err != nil {
			return nil, err // not store, which would be an interface that is not nil
		}
		return store, nil
	}
	store, err := sqlite.Open(ctx, cfg.DataFile(databaseFile), &sqlite.Options{Init: cfg.Init, ReadOnly: readOnly})
	if err != nil {
		return nil, err
	}
	return store, nil
}

// makeFolder makes the data folder, which nobody else may read.
func (s *State) makeFolder() error {
	if _, err := os.Stat(s.config.Data); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
		return err
	}
	s.made("data folder", s.config.Data)
	return nil
}

func (s *State) made(what, path string) { s.Made = append(s.Made, Made{what, path}) }

// makeKEK creates the KEK file of a store that is empty. If the store is not, its keys
// are under another KEK, and one made here would seal keys that no other node opens.
func (s *State) makeKEK(ctx context.Context) error {
	path := s.config.DataFile(kekFile)
	if s.config.KEK != "" {
		return nil
	}
	if _, err := os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	changes, err := s.store.Changes(ctx, 0)
	if err != nil {
		return err
	}
	if len(changes.Apps) > 0 {
		return fmt.Errorf("the store is in use but its KEK file %q is not here: restore it, or copy it from another node", path)
	}
	if err := custody.CreateFile(path); err != nil {
		return err
	}
	s.made("KEK file", path)
	return nil
}

// initCaller is who makes a new state: the operator of the machine.
var initCaller = access.Caller{ID: "init", Scopes: []access.Scope{access.ScopeOperator}}

// init makes the first operator's credential. It can be interrupted at any point and
// run again, and does nothing to a state that is whole.
func (s *State) init(ctx context.Context) error {
	if err := s.Service.Init(ctx, initCaller); err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	keys, err := s.Service.APIKeys(ctx, initCaller, issuer.Platform)
	if err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	path := s.config.DataFile(tokenFile)
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Size() == 0:
		// Init was interrupted before the credential was on the disk. Whatever was made
		// then is lost.
		if err := os.Remove(path); err != nil {
			return err
		}
	case err == nil || len(keys) > 0:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if _, err := s.AddOperator(ctx, initCaller, path); err != nil {
		return err
	}
	s.made("operator's credential", path)
	return nil
}

// AddOperator makes an operator's credential and writes it to a new file. It returns
// its ID.
func (s *State) AddOperator(ctx context.Context, c access.Caller, path string) (id string, err error) {
	// The file comes first: a credential that cannot be written down is lost, and stays.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return "", err
	}
	key, text, err := s.Service.CreateAPIKey(ctx, c, issuer.Platform, issuer.NewAPIKey{
		Name: "made by " + c.ID, Scopes: []access.Scope{access.ScopeOperator},
	})
	if err != nil {
		return "", errors.Join(err, f.Close(), os.Remove(path))
	}
	_, err = f.WriteString(text + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	return key.ID, nil
}

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
			keys[string(k.State)]++
		}
	}
	return apps, keys
}
