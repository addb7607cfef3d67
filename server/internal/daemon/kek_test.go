package daemon

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
)

// sealedKeys returns what is stored of all keys, one after the other.
func sealedKeys(t *testing.T, r *running) []byte {
	t.Helper()
	changes, err := r.state.store.Changes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, record := range changes.Apps {
		for _, k := range record.Keys {
			all = append(all, k.Sealed...)
		}
	}
	return all
}

// TestKEKRotates: a new primary key, a signal, and every key is under it; the server
// signs at every moment.
func TestKEKRotates(t *testing.T) {
	dir := t.TempDir()
	r := start(t, fresh(t, dir), Options{})
	app := r.hosted()
	token, before := r.issue(app, "alice"), sealedKeys(t, r)
	if err := custody.AddKey(filepath.Join(dir, kekFile)); err != nil {
		t.Fatal(err)
	}
	r.issue(app, "bob")
	if err := r.Reload(t.Context(), r.config.Load()); err != nil {
		t.Fatal(err)
	}
	after := sealedKeys(t, r)
	if bytes.Equal(before, after) {
		t.Error("the sealed key is what it was")
	}
	if !r.good(app, "alice", token) || !r.good(app, "carol", r.issue(app, "carol")) {
		t.Error("tokens are not good after the rewrap")
	}
	if n, err := r.state.Rewrap(t.Context(), r.opts.Clock); n != 0 || err != nil {
		t.Errorf("a second rewrap = %d, %v", n, err)
	}
	if !strings.Contains(r.log.String(), "keys=1") {
		t.Errorf("the log does not say how many: %s", r.log)
	}
	var rewraps []string
	err := Entries(t.Context(), r.config.Load(), func(e audit.Entry) error {
		if e.Action == rewrapKey {
			rewraps = append(rewraps, e.Caller)
		}
		return nil
	})
	if err != nil || len(rewraps) != 2 || rewraps[0] != "SIGHUP" || rewraps[1] != "SIGHUP" { // the key, and the check of the KEK
		t.Errorf("the rewraps in the audit log are by %q, %v", rewraps, err)
	}
}

// TestKEKLost: a reload without the KEK changes nothing, and the server goes on.
func TestKEKLost(t *testing.T) {
	dir := t.TempDir()
	r := start(t, fresh(t, dir), Options{})
	app := r.hosted()
	if err := os.Remove(filepath.Join(dir, kekFile)); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(t.Context(), r.config.Load()); err == nil {
		t.Error("Reload without the KEK is no error")
	}
	r.issue(app, "alice")
	// Another KEK opens nothing, which is for the log and not the end.
	if err := custody.CreateFile(filepath.Join(dir, kekFile)); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(t.Context(), r.config.Load()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.log.String(), "hosted keys stay under an older KEK") {
		t.Errorf("the log: %s", r.log)
	}
	r.issue(app, "bob")
}

// TestKEKReopens: what is sealed under a key that came later opens without a signal.
func TestKEKReopens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	k, err := openKEK(t.Context(), &config.Config{KEK: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := custody.AddKey(path); err != nil {
		t.Fatal(err)
	}
	newer, err := custody.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := newer.Wrap(t.Context(), []byte("plain"), []byte("context"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Unwrap(t.Context(), sealed, []byte("context")); err != nil || string(got) != "plain" {
		t.Errorf("Unwrap = %q, %v", got, err)
	}
	if _, err := k.Unwrap(t.Context(), sealed, []byte("other")); err == nil {
		t.Error("Unwrap with another context is no error")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Unwrap(t.Context(), []byte("of nobody"), nil); err == nil || errors.Is(err, custody.ErrKEK) {
		t.Errorf("Unwrap without a file = %v", err)
	}
	if _, err := openKEK(t.Context(), &config.Config{KEK: path}); err == nil {
		t.Error("openKEK without a file is no error")
	}
}

// TestRewrapKeepsNewer: a key that is killed while it is wrapped anew stays dead.
func TestRewrapKeepsNewer(t *testing.T) {
	r := start(t, fresh(t, t.TempDir()), Options{})
	app := r.hosted()
	changes, err := r.state.store.Changes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	record := changes.Apps[len(changes.Apps)-1]
	if len(record.Keys) == 0 {
		record = changes.Apps[0]
	}
	key := record.Keys[0]
	r.must("POST", app+"/keys/"+key.ID+"/kill", object{"reason": "leaked"})
	stale := map[string]sealed{key.ID: {key.Sealed, []byte("anew")}}
	if err := r.state.putRewrapped(t.Context(), record.App.ID, stale, offline, r.opts.Clock); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealedKeys(t, r), []byte("anew")) {
		t.Error("a dead key came back")
	}
	if err := r.state.putRewrapped(t.Context(), 7, stale, offline, r.opts.Clock); err == nil {
		t.Error("rewrapping for an application that is not there is no error")
	}
}

func TestPassing(t *testing.T) {
	p := newPassing()
	sealed, err := p.Wrap(context.Background(), []byte("plain"), []byte("context"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Unwrap(context.Background(), sealed, []byte("context")); err != nil || string(got) != "plain" {
		t.Errorf("Unwrap = %q, %v", got, err)
	}
	for _, wrong := range []struct{ sealed, context string }{{string(sealed), "other"}, {"short", "context"}, {string(sealed[1:]), "context"}} {
		if got, err := p.Unwrap(context.Background(), []byte(wrong.sealed), []byte(wrong.context)); !errors.Is(err, custody.ErrSealed) || got != nil {
			t.Errorf("Unwrap = %q, %v", got, err)
		}
	}
}
