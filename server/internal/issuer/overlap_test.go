package issuer_test

import (
	"testing"
	"time"

	"usersig/server/internal/issuer"
)

// A key verifies for as long as the longest token lives that it can have signed, whatever
// the longest life is today.
func TestOverlapIsOfTheLongestToken(t *testing.T) {
	for name, replace := range map[string]func(w *world, app uint32){
		"rotated": func(w *world, app uint32) {
			_, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
			w.want(err, nil)
		},
		"prepared, then rotated": func(w *world, app uint32) {
			for _, prepare := range []bool{true, false} {
				_, err := w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{Prepare: prepare})
				w.want(err, nil)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				s := hosted("ecdsa")
				s.MaxTTL = 3600
				made := w.create(s)
				app := made.App.ID
				lives := func(seconds int64) {
					_, err := w.UpdateApp(w.t.Context(), operator, app, func(a *issuer.App) error { a.Settings.MaxTTL = seconds; return nil })
					w.want(err, nil)
				}
				lives(7200)
				old := w.issue(app, "alice").Token
				lives(60)
				replace(w, app)
				second, err := w.Keys(w.t.Context(), operator, app)
				w.want(err, nil)
				if at := *second[0].RetireAt; !at.Equal(time.Now().Add(2 * time.Hour)) {
					t.Errorf("it retires at %v, want two hours from now, %v", at, time.Now())
				}
				time.Sleep(2*time.Hour - time.Second)
				w.want(w.check(app, old, "alice"), nil)
				// The second one signed for a minute's life only.
				replace(w, app)
				second, err = w.Keys(w.t.Context(), operator, app)
				w.want(err, nil)
				if at := *second[1].RetireAt; !at.Equal(time.Now().Add(time.Minute)) {
					t.Errorf("the second retires at %v, want a minute from now, %v", at, time.Now())
				}
			})
		})
	}
}

// Of a key that is older than this field, the lives in force are what is known.
func TestOverlapOfOlderKeys(t *testing.T) {
	run(t, func(w *world) {
		s := hosted("ecdsa")
		s.MaxTTL = 3600
		app := w.create(s).App.ID
		w.change(app, func(r *issuer.Record) { r.Keys[0].MaxTTL = 0 })
		_, err := w.UpdateApp(w.t.Context(), operator, app, func(a *issuer.App) error { a.Settings.MaxTTL = 60; return nil })
		w.want(err, nil)
		_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
		w.want(err, nil)
		if k := w.recordOf(app).Keys[0]; !k.RetireAt.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("it retires at %v, want an hour from now, %v", k.RetireAt, time.Now())
		}
	})
}
