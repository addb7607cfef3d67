package issuer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// recordOf returns what the store keeps of an application.
func (w *world) recordOf(app uint32) *issuer.Record {
	w.t.Helper()
	c, err := w.store.Changes(w.t.Context(), 0)
	w.want(err, nil)
	for _, r := range c.Apps {
		if r.App.ID == app {
			return r
		}
	}
	w.t.Fatalf("there is no application %d", app)
	return nil
}

// change changes what the store keeps behind the service's back, and waits until it is
// known.
func (w *world) change(app uint32, f func(*issuer.Record)) {
	w.t.Helper()
	err := w.store.Commit(w.t.Context(), []*audit.Entry{{Action: access.UpdateApp, App: app, Outcome: audit.Done}}, func(tx issuer.Tx) error {
		r, err := tx.App(app)
		if err != nil {
			return err
		}
		f(r)
		return tx.PutApp(r)
	})
	w.want(err, nil)
	time.Sleep(time.Second)
}

func TestAPIKeysAreBounded(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		var ids []string
		create := func() error {
			k, _, err := w.CreateAPIKey(w.t.Context(), operator, app, issuer.NewAPIKey{Name: "x", Scopes: access.Scopes()})
			ids = append(ids, k.ID)
			return err
		}
		for range 100 {
			w.want(create(), nil)
		}
		err := create()
		w.want(err, issuer.ErrConflict)
		if !strings.Contains(err.Error(), "there are 100 API keys; delete one") {
			t.Errorf("the error does not help: %v", err)
		}
		// Of those that were deleted, others were so before.
		w.change(app, func(r *issuer.Record) {
			for i := range 90 {
				at := time.Now().Add(-time.Duration(i) * time.Hour)
				r.APIKeys = append(r.APIKeys, issuer.APIKey{ID: fmt.Sprint("old-", i), DeletedAt: &at})
			}
		})
		for _, id := range ids[:20] {
			w.want(w.DeleteAPIKey(w.t.Context(), operator, app, id), nil)
			w.want(create(), nil)
		}
		keys, err := w.APIKeys(w.t.Context(), operator, app)
		w.want(err, nil)
		if r := w.recordOf(app); len(keys) != 100 || len(r.APIKeys) != 200 {
			t.Errorf("%d API keys are live and %d kept, want 100 and 200", len(keys), len(r.APIKeys))
		}
		for _, k := range w.recordOf(app).APIKeys {
			if k.DeletedAt != nil && time.Since(*k.DeletedAt) > 80*time.Hour {
				t.Errorf("one that was deleted %v ago is kept, and others are not", time.Since(*k.DeletedAt))
			}
		}
	})
}

// A thousand dead keys are kept, and of older ones the ID: they never come back.
func TestDeadKeysAreBounded(t *testing.T) {
	run(t, func(w *world) {
		own, err := usersig.GenerateKey(usersig.P256)
		w.want(err, nil)
		app := w.create(issuer.Settings{}).App.ID
		wish := issuer.OwnKey{PEM: own.Public().EncodePEM()}
		imported, err := w.ImportKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		_, err = w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: imported.Key.ID, Reason: "leaked"})
		w.want(err, nil)
		fill := func(n int) {
			w.change(app, func(r *issuer.Record) {
				for i := range n {
					r.Keys = append(r.Keys, issuer.Key{ID: fmt.Sprint("dead-", len(r.Keys), "-", i), State: issuer.Dead, Reason: "x"})
				}
			})
		}
		fill(999)
		_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
		w.want(err, nil)
		if r := w.recordOf(app); len(r.Keys) != 1002 || len(r.Past) != 0 {
			t.Errorf("%d keys are kept whole and %d not, want all 1002", len(r.Keys), len(r.Past))
		}
		fill(1)
		_, err = w.UpdateApp(w.t.Context(), operator, app, func(a *issuer.App) error { a.Name = "x"; return nil })
		w.want(err, nil)
		if r := w.recordOf(app); len(r.Keys) != 1002 || len(r.Past) != 1 || r.Past[0] != imported.Key.ID {
			t.Errorf("%d keys are kept whole, and of %v the ID", len(r.Keys), r.Past)
		}
		_, err = w.ImportKey(w.t.Context(), operator, app, wish)
		w.want(err, issuer.ErrConflict)
		w.change(app, func(r *issuer.Record) { r.Past = append(r.Past, make([]string, 8997)...) })
		_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
		w.want(err, issuer.ErrConflict)
		if !strings.Contains(err.Error(), "make another application") {
			t.Errorf("the error does not help: %v", err)
		}
	})
}

// A SECRETKEY that does not verify any more is not kept either.
func TestRetiredSecretIsDropped(t *testing.T) {
	run(t, func(w *world) {
		made := w.create(hosted("hmac"))
		app, hour := made.App.ID, time.Hour
		_, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{Overlap: &hour, Reason: "yearly"})
		w.want(err, nil)
		old := func() issuer.Key { return w.recordOf(app).Keys[0] }
		rename := func(name string) {
			_, err := w.UpdateApp(w.t.Context(), operator, app, func(a *issuer.App) error { a.Name = name; return nil })
			w.want(err, nil)
		}
		rename("before")
		if k := old(); len(k.Sealed) == 0 || k.State != issuer.Retired {
			t.Errorf("the key is %+v and has to verify", k)
		}
		time.Sleep(hour)
		rename("after")
		if k := old(); len(k.Sealed) != 0 || k.State != issuer.Dead || k.Reason != "yearly" || k.RetireAt == nil || k.EndedAt == nil {
			t.Errorf("the key is %+v, want it dead, without what was sealed, with its history", k)
		}
		w.want(w.check(app, w.issue(app, "alice").Token, "alice"), nil)
	})
}
