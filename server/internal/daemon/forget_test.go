package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

// loseKEK puts a new KEK into the place of the one in dir.
func loseKEK(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, kekFile)
	if err := errors.Join(os.Remove(path), custody.CreateFile(path)); err != nil {
		t.Fatal(err)
	}
}

// refusedKEK holds that a server does not start, and says which file is not the one.
func refusedKEK(t *testing.T, cfg *config.Config) {
	t.Helper()
	s, err := OpenState(t.Context(), cfg, Options{}, nil)
	if err == nil {
		_ = s.Close()
	}
	if !errors.Is(err, custody.ErrKEK) || !strings.Contains(err.Error(), strconv.Quote(cfg.DataFile(kekFile))) {
		t.Errorf("OpenState with another KEK = %v", err)
	}
}

// withSealed runs f with what the commands about keys open.
func withSealed(t *testing.T, cfg *config.Config, f func(*State)) {
	t.Helper()
	s, err := OpenSealed(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	f(s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestKEKForgotten: without the KEK the server does not start; without the keys that need
// it, it does, and they can be replaced.
func TestKEKForgotten(t *testing.T) {
	dir := t.TempDir()
	cfg := fresh(t, dir)
	r := start(t, cfg, Options{})
	lost, also := r.hosted(), r.hosted()
	token := r.issue(lost, "alice")
	r.must("POST", lost+"/keys/rotate", object{"prepare": true})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	loseKEK(t, dir)
	refusedKEK(t, cfg)
	number := func(path string) uint32 {
		n, err := strconv.ParseUint(path[strings.LastIndex(path, "/")+1:], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
	withSealed(t, cfg, func(s *State) {
		if _, err := s.Rewrap(t.Context(), time.Now); !errors.Is(err, custody.ErrKEK) {
			t.Errorf("Rewrap = %v, want %v", err, custody.ErrKEK)
		}
		if _, err := s.Forget(t.Context(), 7, time.Now); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("Forget of no application = %v, want %v", err, issuer.ErrNotFound)
		}
		for range 2 { // it can be interrupted, and run again
			if _, err := s.Forget(t.Context(), number(lost), time.Now); err != nil {
				t.Errorf("Forget = %v", err)
			}
		}
	})
	refusedKEK(t, cfg) // there is the other application
	withSealed(t, cfg, func(s *State) {
		if n, err := s.Forget(t.Context(), number(also), time.Now); n != 1 || err != nil {
			t.Errorf("Forget = %d, %v", n, err)
		}
	})
	r = start(t, cfg, Options{})
	if r.good(lost, "alice", token) {
		t.Error("a token of a forgotten key is good")
	}
	r.must("POST", lost+"/keys/rotate", object{"reason": "the KEK is new"})
	if !r.good(lost, "alice", r.issue(lost, "alice")) {
		t.Error("a token of the new key is not good")
	}
	forgotten := 0
	var chain audit.Checker
	err := Entries(t.Context(), cfg, func(e audit.Entry) error {
		if e.Action == forgetKey && e.Detail == "KEK lost" && e.Caller == offline && e.Subject != "" {
			forgotten++
		}
		return chain.Next(e)
	})
	if forgotten != 3 || err != nil {
		t.Errorf("the audit log has %d forgotten keys, %v", forgotten, err)
	}
}

// TestForgetKeepsWhatOpens: the command ends no key that is of use.
func TestForgetKeepsWhatOpens(t *testing.T) {
	dir := t.TempDir()
	cfg := fresh(t, dir)
	r := start(t, cfg, Options{})
	app := r.hosted()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	withSealed(t, cfg, func(s *State) {
		if n, err := s.Forget(t.Context(), issuer.FirstAppID, time.Now); n != 0 || err != nil {
			t.Errorf("Forget = %d, %v", n, err)
		}
	})
	r = start(t, cfg, Options{})
	r.issue(app, "alice")
}

// TestKEKWithoutKeys: a KEK that is not the store's is found before a key is sealed under
// it, and becomes the store's if the operator says so.
func TestKEKWithoutKeys(t *testing.T) {
	dir := t.TempDir()
	cfg := fresh(t, dir)
	r := start(t, cfg, Options{})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	loseKEK(t, dir)
	refusedKEK(t, cfg)
	withSealed(t, cfg, func(s *State) {
		if n, err := s.Rewrap(t.Context(), time.Now); n != 0 || err != nil {
			t.Errorf("Rewrap = %d, %v", n, err)
		}
	})
	r = start(t, cfg, Options{})
	r.issue(r.hosted(), "alice")
	// Of the check nothing is left that an older KEK is needed for.
	if err := custody.AddKey(filepath.Join(dir, kekFile)); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	changes, err := r.state.store.Changes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range changes.Apps {
		if record.App.ID != issuer.Platform {
			continue
		}
		needed, err := custody.NeedsRewrap(t.Context(), r.state.kek.now(), issuer.Platform, custody.CheckID, record.KEKCheck)
		if needed || err != nil {
			t.Errorf("the check is under an older key: %v, %v", needed, err)
		}
	}
}

// TestSealedIsStored: a stateless signer has no state whose keys could be sealed anew.
func TestSealedIsStored(t *testing.T) {
	cfg, _ := stateless(t)
	if _, err := OpenSealed(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "without a store") {
		t.Errorf("OpenSealed = %v", err)
	}
}
