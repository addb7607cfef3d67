package issuer_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
)

// An outage of the KMS ends by itself: nobody has to touch the record.
func TestKeysOpenAfterAnOutage(t *testing.T) {
	runOutages(t, func(w *outages) {
		app := w.create(hosted("hmac")).App.ID
		token := w.issue(app, "alice").Token
		w.kms.down.Store(true)
		w.restart()
		w.want(w.check(app, token, "alice"), issuer.ErrUnavailable)
		time.Sleep(5 * time.Minute)
		if n := w.kms.unwrapped.Load(); n < 6 || n > 10 {
			t.Errorf("the KMS was asked %d times in five minutes", n)
		}
		if n := len(w.log.of(slog.LevelError)); n != 1 {
			t.Errorf("the log has %d errors, want one: %v", n, w.log.all)
		}
		w.want(w.Ready(), nil)
		w.kms.down.Store(false)
		time.Sleep(time.Minute + time.Second)
		w.want(w.check(app, token, "alice"), nil)
		w.issue(app, "alice")
		time.Sleep(time.Minute)
		if n := len(w.log.of(slog.LevelInfo)); n != 1 {
			t.Errorf("the log has %d lines about the recovery, want one: %v", n, w.log.all)
		}
	})
}

// A KMS that hangs holds up nobody who does not need it.
func TestKMSHangs(t *testing.T) {
	runOutages(t, func(w *outages) {
		shut, app := w.create(hosted("hmac")).App.ID, w.create(issuer.Settings{}).App.ID
		w.kms.down.Store(true)
		w.restart()
		w.kms.down.Store(false)
		w.kms.hangs.Store(true)
		time.Sleep(6 * time.Second) // the KMS is being asked
		began := time.Now()
		w.rename(app, "other")
		if took := time.Since(began); took != 0 {
			t.Errorf("a change of another application took %v", took)
		}
		w.want(w.Ready(), nil)
		w.kms.hangs.Store(false)
		time.Sleep(2 * time.Minute)
		w.issue(shut, "alice")
	})
}

// What is open stays open: a change of the record that leaves the keys alone asks the
// KMS for nothing, and works while it is away.
func TestOpenKeysAreKept(t *testing.T) {
	for _, scheme := range []string{"ecdsa", "hmac"} {
		t.Run(scheme, func(t *testing.T) {
			runOutages(t, func(w *outages) {
				app := w.create(hosted(scheme)).App.ID
				old := w.issue(app, "alice")
				if n := w.opens(func() { w.rename(app, "other") }); n != 0 {
					t.Errorf("a new name has opened %d keys", n)
				}
				_, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
				w.want(err, nil)
				w.kms.down.Store(true)
				w.rename(app, "third")
				w.want(w.check(app, old.Token, "alice"), nil)
				w.want(w.check(app, w.issue(app, "alice").Token, "alice"), nil)
				_, err = w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: old.KeyID, Reason: "leaked"})
				w.want(err, nil)
				w.want(w.check(app, old.Token, "alice"), usersig.ErrSignature)
				// Of a dead key nothing is kept to sign with.
				if now := w.issue(app, "alice").KeyID; !slices.Equal(w.Private(app), []string{now}) {
					t.Errorf("in memory are the private halves of %v, and %s signs", w.Private(app), now)
				}
			})
		})
	}
}

// Sealed anew, a key is opened once: what stands in the store must be what is used.
func TestRewrappedKeysAreOpened(t *testing.T) {
	runOutages(t, func(w *outages) {
		app := w.create(hosted("hmac")).App.ID
		w.issue(app, "alice")
		n := w.opens(func() {
			w.rewrap(app, func(id string, sealed []byte) []byte {
				anew, err := custody.Rewrap(w.t.Context(), w.kms.KEK, app, id, sealed)
				w.want(err, nil)
				return anew
			})
			time.Sleep(time.Second)
			w.rename(app, "other")
		})
		if n != 1 {
			t.Errorf("after a rewrap, %d keys were opened", n)
		}
		w.issue(app, "alice")
		w.rewrap(app, func(_ string, sealed []byte) []byte { sealed[len(sealed)-1] ^= 1; return sealed })
		time.Sleep(time.Second)
		_, err := w.Issue(w.t.Context(), operator, app, issuer.Wish{UserID: "alice"})
		w.want(err, issuer.ErrUnavailable)
	})
}

// rewrap changes what is stored of an application's keys, as another process does.
func (w *outages) rewrap(app uint32, change func(id string, sealed []byte) []byte) {
	w.t.Helper()
	err := w.store.Commit(w.t.Context(), []*audit.Entry{{Action: access.UpdateApp, App: app}}, func(tx issuer.Tx) error {
		r, err := tx.App(app)
		if err != nil {
			return err
		}
		for i := range r.Keys {
			r.Keys[i].Sealed = change(r.Keys[i].ID, r.Keys[i].Sealed)
		}
		return tx.PutApp(r)
	})
	w.want(err, nil)
}
