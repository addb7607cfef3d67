package issuer_test

import (
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

func TestIdempotentCreation(t *testing.T) {
	run(t, func(w *world) {
		n := issuer.NewApp{Name: "demo", IdempotencyKey: "k1"}
		first, err := w.CreateApp(w.t.Context(), operator, n)
		w.want(err, nil)
		again, err := w.CreateApp(w.t.Context(), operator, n)
		w.want(err, nil)
		if again.App.ID != first.App.ID || !again.Replayed || again.Handout != (issuer.Handout{}) {
			t.Errorf("the second time: %+v", again)
		}
		n.Name = "another"
		_, err = w.CreateApp(w.t.Context(), operator, n)
		w.want(err, issuer.ErrConflict)
	})
}

// Creating with a provider of identities is idempotent as well.
func TestIdempotentCreationWithOIDC(t *testing.T) {
	run(t, func(w *world) {
		wish := func() issuer.NewApp {
			return issuer.NewApp{Name: "demo", IdempotencyKey: "k", Settings: issuer.Settings{OIDC: &issuer.OIDC{Issuer: "https://id.example.org", Audience: "a"}}}
		}
		first, err := w.CreateApp(w.t.Context(), operator, wish())
		w.want(err, nil)
		again, err := w.CreateApp(w.t.Context(), operator, wish())
		w.want(err, nil)
		if again.App.ID != first.App.ID || !again.Replayed {
			t.Errorf("the second time: %+v", again)
		}
	})
}

// A repetition is recorded as one, of what there is, and uses no number up.
func TestRepeatedCreation(t *testing.T) {
	runNodes(t, func(w, _ *world) {
		n := issuer.NewApp{Name: "demo", IdempotencyKey: "k"}
		first, err := w.CreateApp(w.t.Context(), operator, n)
		w.want(err, nil)
		if e := w.last(); e.App != first.App.ID || e.Subject != "demo" || e.Detail != "" {
			t.Errorf("recorded %+v", e)
		}
		again, err := w.CreateApp(w.t.Context(), operator, n)
		w.want(err, nil)
		if e := w.last(); e.Outcome != audit.Done || e.App != first.App.ID || e.Subject != "demo" || e.Detail != "replayed" {
			t.Errorf("recorded %+v", e)
		}
		if again.Key.ID != first.Key.ID || again.Key.Sealed != nil {
			t.Errorf("the key is %+v", again.Key)
		}
		if next := w.create(issuer.Settings{}).App.ID; next != first.App.ID+1 {
			t.Errorf("the next application is %d: asking again has used up a number", next)
		}
		n.Name = "another"
		_, err = w.CreateApp(w.t.Context(), operator, n)
		w.want(err, issuer.ErrConflict)
		if e := w.last(); e.Outcome != audit.Refused || e.App != 0 || e.Subject != "another" {
			t.Errorf("recorded %+v", e)
		}
		n.Name = "demo"
		time.Sleep(24 * time.Hour)
		later, err := w.CreateApp(w.t.Context(), operator, n)
		w.want(err, nil)
		if later.Replayed || later.App.ID != first.App.ID+2 {
			t.Errorf("after a day: %+v", later)
		}
	})
}

func TestRepeatedAPIKey(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		wish := issuer.NewAPIKey{Name: "back end", Scopes: access.Scopes(), IdempotencyKey: "k"}
		first, text, err := w.CreateAPIKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		if e := w.last(); e.Subject != first.ID || e.Detail == "replayed" || text == "" {
			t.Errorf("recorded %+v", e)
		}
		made, err := w.App(w.t.Context(), operator, app)
		w.want(err, nil)
		time.Sleep(time.Minute)
		again, text, err := w.CreateAPIKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		if e := w.last(); e.Outcome != audit.Done || e.Subject != first.ID || e.Detail != "replayed" || again.ID != first.ID || text != "" {
			t.Errorf("recorded %+v of %+v", e, again)
		}
		if now, _ := w.App(w.t.Context(), operator, app); now.UpdatedAt != made.UpdatedAt {
			t.Error("a repetition has changed the application")
		}
		w.want(w.DeleteAPIKey(w.t.Context(), operator, app, first.ID), nil)
		_, _, err = w.CreateAPIKey(w.t.Context(), operator, app, wish)
		w.want(err, issuer.ErrConflict)
	})
}

func TestRepeatedRotation(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(issuer.Settings{}).App.ID
		wish := issuer.Rotation{Reason: "yearly", IdempotencyKey: "k"}
		first, err := w.RotateKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		if first.Replayed || first.Handout.Private == nil {
			t.Errorf("made %+v", first)
		}
		again, err := w.RotateKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		if !again.Replayed || again.Key.ID != first.Key.ID || again.Handout != (issuer.Handout{}) {
			t.Errorf("the second time: %+v", again)
		}
		if e := w.last(); e.Outcome != audit.Done || e.Subject != first.Key.ID || e.Detail != "replayed" {
			t.Errorf("recorded %+v", e)
		}
		wish.Prepare = true
		_, err = w.RotateKey(w.t.Context(), operator, app, wish)
		w.want(err, issuer.ErrConflict)
		_, err = w.RotateKey(w.t.Context(), operator, w.create(issuer.Settings{}).App.ID, issuer.Rotation{Reason: "yearly", IdempotencyKey: "k"})
		w.want(err, issuer.ErrConflict) // of another application
		if keys, _ := w.Keys(w.t.Context(), operator, app); len(keys) != 2 {
			t.Errorf("there are %d keys, want 2", len(keys))
		}
	})
}

func TestRepeatedImport(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(issuer.Settings{}).App.ID
		own, err := usersig.GenerateKey(usersig.P256)
		w.want(err, nil)
		wish := issuer.OwnKey{PEM: own.Public().EncodePEM(), Sign: true, IdempotencyKey: "k"}
		first, err := w.ImportKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		again, err := w.ImportKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		if first.Replayed || !again.Replayed || again.Key.ID != first.Key.ID || again.Key.State != issuer.Signing {
			t.Errorf("made %+v and then %+v", first, again)
		}
		if e := w.last(); e.Outcome != audit.Done || e.Subject != own.Public().ID() || e.Detail != "replayed" {
			t.Errorf("recorded %+v", e)
		}
		wish.Sign = false
		_, err = w.ImportKey(w.t.Context(), operator, app, wish)
		w.want(err, issuer.ErrConflict)
		_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{IdempotencyKey: "k"})
		w.want(err, nil) // of another action
	})
}

// A kill whose answer was lost can be asked for again, and replaces nothing twice.
func TestRepeatedKill(t *testing.T) {
	run(t, func(w *world) {
		made := w.create(issuer.Settings{})
		app := made.App.ID
		wish := issuer.Killing{KeyID: made.Key.ID, Reason: "leaked", Replace: true}
		first, err := w.KillKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		again, err := w.KillKey(w.t.Context(), operator, app, wish)
		w.want(err, nil)
		if !again.Replayed || again.Key.EndedAt == nil || !again.Key.EndedAt.Equal(*first.Key.EndedAt) || again.By == nil ||
			again.By.Key.ID != first.By.Key.ID || again.By.Handout != (issuer.Handout{}) || !again.By.Replayed {
			t.Errorf("the second time: %+v, by %+v", again, again.By)
		}
		if e := w.last(); e.Outcome != audit.Done || e.Subject != made.Key.ID || e.Detail != "replayed" {
			t.Errorf("recorded %+v", e)
		}
		wish.Reason = "retired"
		_, err = w.KillKey(w.t.Context(), operator, app, wish)
		w.want(err, issuer.ErrConflict)
		last := issuer.Killing{KeyID: first.By.Key.ID, Reason: "leaked"}
		_, err = w.KillKey(w.t.Context(), operator, app, last)
		w.want(err, nil)
		last.Replace = true // which the first time was not
		_, err = w.KillKey(w.t.Context(), operator, app, last)
		w.want(err, issuer.ErrConflict)
		if keys, _ := w.Keys(w.t.Context(), operator, app); len(keys) != 2 {
			t.Errorf("there are %d keys, want 2", len(keys))
		}
	})
}
