package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"usersig/server/internal/access"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

// kekMade is what Made says of a KEK file.
const kekMade = "KEK file"

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
	s.made(kekMade, path)
	return nil
}

// unmakeKEK removes the KEK file that was made here if another init was faster, on another
// machine and with a KEK of its own. Nothing is sealed under this one, and it must not be
// taken for the store's.
func (s *State) unmakeKEK(err error) error {
	path := s.config.DataFile(kekFile)
	if !slices.Contains(s.Made, Made{kekMade, path}) || !errors.Is(err, custody.ErrKEK) && !errors.Is(err, custody.ErrSealed) {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return fmt.Errorf("another init was faster, and its KEK is the store's: the one that was made here is removed again; copy the other to %q", path)
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
	case err == nil && info.Mode().IsRegular() && info.Size() == 0:
		// Init was interrupted before the credential was on the disk. Whatever was made
		// then is lost.
		if err := os.Remove(path); err != nil {
			return err
		}
	case len(keys) > 0:
		return nil
	case err == nil:
		// It is of another store, and would let nobody into this one.
		return fmt.Errorf("the store has no operator yet, and the file for the first one's credential exists: move %q away and start again with --init", path)
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
