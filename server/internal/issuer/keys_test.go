package issuer_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

func TestRotate(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("ecdsa")).App.ID
		old := w.issue(app, "alice")
		day := 24 * time.Hour
		first, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{Overlap: &day, Reason: "yearly"})
		w.want(err, nil)
		if got := w.issue(app, "alice"); got.KeyID != first.Key.ID {
			t.Errorf("signed with %s, want %s", got.KeyID, first.Key.ID)
		}
		w.want(w.check(app, old.Token, "alice"), nil)
		time.Sleep(day)
		w.want(w.check(app, old.Token, "alice"), usersig.ErrSignature)
		keys, _ := w.Keys(w.t.Context(), operator, app)
		if keys[0].State != issuer.Dead || keys[0].Reason != "yearly" || keys[0].EndedBy != operator.ID {
			t.Errorf("old key %+v", keys[0])
		}
	})
}

func TestRotateInTwoSteps(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		next, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{Prepare: true})
		w.want(err, nil)
		if next.Key.State != issuer.Next || next.Handout.Secret == nil {
			t.Errorf("prepared %+v", next)
		}
		if got := w.issue(app, "alice"); got.KeyID == next.Key.ID {
			t.Error("a key that is only published signs")
		}
		_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{Prepare: true})
		w.want(err, issuer.ErrConflict)
		_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
		w.want(err, nil)
		if got := w.issue(app, "alice"); got.KeyID != next.Key.ID {
			t.Errorf("signed with %s, want %s", got.KeyID, next.Key.ID)
		}
	})
}

func TestKill(t *testing.T) {
	run(t, func(w *world) {
		made := w.create(hosted("ecdsa"))
		app := made.App.ID
		old := w.issue(app, "alice")
		_, err := w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: made.Key.ID, Replace: true})
		w.want(err, issuer.ErrInvalid)
		killed, err := w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: made.Key.ID, Reason: "leaked", Replace: true})
		w.want(err, nil)
		by := killed.By
		if killed.Key.State != issuer.Dead || by == nil || by.Key.State != issuer.Signing {
			t.Fatalf("killed %+v, replaced by %+v", killed, by)
		}
		w.want(w.check(app, old.Token, "alice"), usersig.ErrSignature)
		w.want(w.check(app, w.issue(app, "alice").Token, "alice"), nil)
		_, err = w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: made.Key.ID, Reason: "again", Replace: true})
		w.want(err, issuer.ErrConflict)
		_, err = w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: by.Key.ID, Reason: "and no other"})
		w.want(err, nil)
		_, err = w.Issue(w.t.Context(), operator, app, issuer.Wish{UserID: "alice"})
		w.want(err, issuer.ErrConflict)
	})
}

func TestTooManyKeys(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("ecdsa")).App.ID
		var err error
		for n := 1; err == nil; n++ {
			if _, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{}); n > usersig.MaxKeys {
				t.Fatal("more keys than a verifier takes")
			}
		}
		w.want(err, issuer.ErrConflict)
		if e := w.last(); e.Outcome != audit.Refused {
			t.Errorf("recorded %+v", e)
		}
	})
}

func TestImport(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(issuer.Settings{}).App.ID
		own, err := usersig.GenerateKey(usersig.Secp256k1)
		w.want(err, nil)
		pem, _ := own.EncodePEM()
		_, err = w.ImportKey(w.t.Context(), operator, app, issuer.OwnKey{PEM: pem})
		w.want(err, usersig.ErrInvalidKey) // a private key is not taken
		k, err := w.ImportKey(w.t.Context(), operator, app, issuer.OwnKey{PEM: own.Public().EncodePEM(), Sign: true})
		w.want(err, nil)
		if k.Key.State != issuer.Signing || !k.Key.Imported {
			t.Errorf("imported %+v", k)
		}
		_, err = w.ImportKey(w.t.Context(), operator, app, issuer.OwnKey{PEM: own.Public().EncodePEM(), Sign: true})
		w.want(err, issuer.ErrConflict)
		signer, _ := usersig.NewSigner(app, own, nil)
		token, _ := signer.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour})
		w.want(w.check(app, token, "alice"), nil)
	})
}

// stubborn runs f in a world whose service can be made blind to what it changes, as if
// another node had changed it just now.
func stubborn(t *testing.T, f func(w *world, blind func(bool))) {
	t.Helper()
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		var blinded atomic.Bool
		store := memory.New(&memory.Hooks{Rehearse: true, Read: func() error {
			if blinded.Load() {
				return issuer.ErrUnavailable
			}
			return nil
		}})
		svc, err := issuer.New(t.Context(), store, kek, issuer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer svc.Close()
		f(&world{Service: svc, t: t, store: store}, blinded.Store)
	})
}

// A key is made by the settings that are in force when it is stored, and described by
// them, even if they are not those that were known when the request came.
func TestSettingsChangeDuringRotation(t *testing.T) {
	for name, act := range map[string]func(w *world, app uint32, key string) issuer.Rotated{
		"rotate": func(w *world, app uint32, _ string) issuer.Rotated {
			made, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
			w.want(err, nil)
			return made
		},
		"kill": func(w *world, app uint32, key string) issuer.Rotated {
			made, err := w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: key, Reason: "leaked", Replace: true})
			w.want(err, nil)
			return *made.By
		},
	} {
		for _, c := range []struct{ from, to issuer.Settings }{
			{issuer.Settings{Curve: "P-256"}, hosted("hmac")},
			{hosted("hmac"), issuer.Settings{Curve: "P-256", Custody: "none"}},
			{issuer.Settings{Curve: "P-256"}, issuer.Settings{Curve: "P-256", Custody: "hosted"}},
			{issuer.Settings{Curve: "P-256", Custody: "hosted"}, issuer.Settings{Curve: "P-256", Custody: "none"}},
			{issuer.Settings{Curve: "P-256"}, issuer.Settings{Curve: "secp256k1", Custody: "none"}},
		} {
			if c.to.Scheme == "" {
				c.to.Scheme = "ecdsa"
			}
			t.Run(fmt.Sprintf("%s/%s %s %s", name, c.to.Scheme, c.to.Curve, c.to.Custody), func(t *testing.T) {
				stubborn(t, func(w *world, blind func(bool)) {
					old := w.create(c.from)
					blind(true)
					_, err := w.UpdateApp(w.t.Context(), operator, old.App.ID, func(a *issuer.App) error {
						a.Settings.Scheme, a.Settings.Curve, a.Settings.Custody = c.to.Scheme, c.to.Curve, c.to.Custody
						return nil
					})
					w.want(err, nil)
					made := act(w, old.App.ID, old.Key.ID)
					blind(false)
					time.Sleep(time.Second) // a poll, and more
					if made.Key.Scheme != c.to.Scheme || made.Key.Curve != c.to.Curve {
						t.Errorf("made %+v, want one by %+v", made.Key, c.to)
					}
					if private := made.Handout.Private != nil; private != (c.to.Custody == "none") {
						t.Errorf("custody %s, private key handed out: %v", c.to.Custody, private)
					}
					_, err = w.Issue(w.t.Context(), operator, old.App.ID, issuer.Wish{UserID: "alice"})
					if c.to.Custody == "none" {
						w.want(err, issuer.ErrNoSigner)
					} else {
						w.want(err, nil)
					}
					if n := len(w.checkAudit()); n != 3+1 && c.to.Custody == "hosted" {
						t.Errorf("%d entries, want one for each request", n)
					}
				})
			})
		}
	}
}
