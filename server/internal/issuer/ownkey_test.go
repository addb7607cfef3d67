package issuer_test

import (
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// importKey imports a public key as w says, which has no PEM yet.
func (w *world) importKey(app uint32, wish issuer.OwnKey) (*usersig.PrivateKey, issuer.Key, error) {
	w.t.Helper()
	own, err := usersig.GenerateKey(usersig.P256)
	w.want(err, nil)
	wish.PEM = own.Public().EncodePEM()
	k, err := w.ImportKey(w.t.Context(), operator, app, wish)
	return own, k.Key, err
}

// A key whose private half is elsewhere never signs for a hosted application: nothing
// could be issued any more.
func TestImportedKeyNeverSignsHosted(t *testing.T) {
	for _, scheme := range []string{"ecdsa", "hmac"} {
		run(t, func(w *world) {
			made := w.create(hosted(scheme))
			app := made.App.ID
			for _, wish := range []issuer.OwnKey{{Sign: true}, {SignNext: true}} {
				_, _, err := w.importKey(app, wish)
				w.want(err, issuer.ErrConflict)
			}
			own, k, err := w.importKey(app, issuer.OwnKey{})
			w.want(err, nil)
			signer, _ := usersig.NewSigner(app, own, nil)
			token, _ := signer.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour})
			signs := func(what string) string {
				t.Helper()
				got := w.issue(app, "alice")
				if got.KeyID == k.ID {
					t.Errorf("%s makes the imported key sign", what)
				}
				w.want(w.check(app, token, "alice"), nil)
				return got.KeyID
			}
			_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
			w.want(err, nil)
			signs("a rotation")
			_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{Prepare: true})
			w.want(err, nil)
			_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
			w.want(err, nil)
			_, err = w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: signs("a second one"), Reason: "leaked", Replace: true})
			w.want(err, nil)
			_, err = w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: signs("a kill"), Reason: "leaked"})
			w.want(err, nil)
			_, _, err = w.importKey(app, issuer.OwnKey{})
			w.want(err, nil)
			_, err = w.Issue(w.t.Context(), operator, app, issuer.Wish{UserID: "alice"})
			w.want(err, issuer.ErrConflict) // no key signs, and none does by being imported
		})
	}
}

// What was to sign when the application was not hosted does not once it is.
func TestPreparedKeyOfOtherCustody(t *testing.T) {
	for name, prepare := range map[string]func(w *world, app uint32){
		"imported": func(w *world, app uint32) {
			_, _, err := w.importKey(app, issuer.OwnKey{SignNext: true})
			w.want(err, nil)
		},
		"prepared": func(w *world, app uint32) {
			_, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{Prepare: true})
			w.want(err, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				app := w.create(issuer.Settings{}).App.ID
				prepare(w, app)
				_, err := w.UpdateApp(w.t.Context(), operator, app, func(a *issuer.App) error {
					a.Settings.Custody = "hosted"
					return nil
				})
				w.want(err, nil)
				_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
				w.want(err, nil)
				w.issue(app, "alice")
			})
		})
	}
}

// With custody none a key of the customer's own becomes the signing key when they say so:
// at once, with the next rotation, or later by being imported again.
func TestImportedKeySignsWhenTold(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(issuer.Settings{}).App.ID
		state := func(id string) issuer.Key {
			keys, err := w.Keys(w.t.Context(), operator, app)
			w.want(err, nil)
			for _, k := range keys {
				if k.ID == id {
					return k
				}
			}
			return issuer.Key{}
		}
		rotate := func() string {
			made, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
			w.want(err, nil)
			return made.Key.ID
		}
		own, verifies, err := w.importKey(app, issuer.OwnKey{})
		w.want(err, nil)
		if id := rotate(); id == verifies.ID || state(verifies.ID).State != issuer.Next {
			t.Errorf("a key that only verifies is %+v after a rotation", state(verifies.ID))
		}
		_, next, err := w.importKey(app, issuer.OwnKey{SignNext: true})
		w.want(err, nil)
		if next.State != issuer.Next || !next.SignNext {
			t.Errorf("imported %+v", next)
		}
		_, _, err = w.importKey(app, issuer.OwnKey{SignNext: true})
		w.want(err, issuer.ErrConflict) // only one can be the next
		_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{Prepare: true})
		w.want(err, issuer.ErrConflict)
		if id := rotate(); id != next.ID || state(next.ID).State != issuer.Signing {
			t.Errorf("rotated to %s, want %s, which is %+v", id, next.ID, state(next.ID))
		}
		again := issuer.OwnKey{PEM: own.Public().EncodePEM()}
		_, err = w.ImportKey(w.t.Context(), operator, app, again)
		w.want(err, issuer.ErrConflict)
		again.SignNext = true
		_, err = w.ImportKey(w.t.Context(), operator, app, again)
		w.want(err, nil)
		if e := w.last(); !strings.Contains(e.Detail, "next rotation") {
			t.Errorf("recorded %+v", e)
		}
		again.SignNext, again.Sign = false, true
		_, err = w.ImportKey(w.t.Context(), operator, app, again)
		w.want(err, nil)
		if k := state(verifies.ID); k.State != issuer.Signing || state(next.ID).State != issuer.Retired {
			t.Errorf("imported again it is %+v", k)
		}
		_, err = w.ImportKey(w.t.Context(), operator, app, again)
		w.want(err, issuer.ErrConflict)
		_, _, err = w.importKey(app, issuer.OwnKey{Sign: true, SignNext: true})
		w.want(err, issuer.ErrInvalid)
	})
}
