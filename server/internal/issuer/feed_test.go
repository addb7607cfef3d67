package issuer_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

// Who is told of a change can ask about it at once, and whoever made it is not told that
// it is made before all others are.
func TestSubscribe(t *testing.T) {
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(nil)
		node := func() *world {
			svc, err := issuer.New(t.Context(), store, kek, issuer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return &world{Service: svc, t: t, store: store}
		}
		a, b := node(), node()
		defer a.Close()
		defer b.Close()
		app := a.create(hosted("hmac")).App.ID
		time.Sleep(time.Second)
		q := issuer.Question{Token: a.issue(app, "alice").Token, UserID: "alice"}
		v, err := a.Verdict(t.Context(), app, q)
		a.want(err, nil)

		var here, there []issuer.Change
		var verdicts []error
		a.Subscribe(func(c issuer.Change) {
			here = append(here, c)
			verdicts = append(verdicts, a.Recheck(t.Context(), issuer.ProofOf(v)))
		})
		cancel := b.Subscribe(func(c issuer.Change) { there = append(there, c) })

		a.want(a.Block(t.Context(), operator, app, "alice", time.Now().Add(time.Hour)), nil)
		if len(here) != 1 || !slices.Equal(here[0].Users, []issuer.UserRef{{App: app, UserID: "alice"}}) || len(here[0].Apps) != 0 {
			t.Fatalf("told of %+v when Block returned", here)
		}
		a.want(verdicts[0], usersig.ErrBlocked)
		time.Sleep(time.Second)
		_, err = a.UpdateApp(t.Context(), operator, app, func(x *issuer.App) error { x.State = issuer.Stopped; return nil })
		a.want(err, nil)
		if len(here) != 2 || !slices.Equal(here[1].Apps, []uint32{app}) || len(here[1].Users) != 0 {
			t.Fatalf("told of %+v when UpdateApp returned", here)
		}
		a.want(verdicts[1], usersig.ErrAppUnknown)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(there) != 2 || len(there[0].Users) != 1 || len(there[1].Apps) != 1 {
			t.Errorf("on the other node, told of %+v", there)
		}
		cancel()
		// Neither tokens nor refusals are changes.
		_, err = a.Issue(t.Context(), operator, app, issuer.Wish{UserID: "alice"})
		a.want(err, issuer.ErrConflict)
		a.want(a.Unblock(t.Context(), operator, app, "alice"), nil)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(there) != 2 || len(here) != 3 {
			t.Errorf("told of %+v here, and %+v there after the end", here, there)
		}
	})
}

// Calls are in order and never two at once, however many change something.
func TestFeedIsInOrder(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		inside, calls := false, 0
		w.Subscribe(func(issuer.Change) {
			if inside {
				t.Error("two calls at once")
			}
			inside = true
			calls++
			cancel := w.Subscribe(func(issuer.Change) {}) // this much is allowed
			cancel()
			inside = false
		})
		done := make(chan error)
		const n = 20
		for i := range n {
			go func() {
				done <- w.Block(w.t.Context(), operator, app, string(rune('a'+i)), time.Now().Add(time.Hour))
			}()
		}
		for range n {
			w.want(<-done, nil)
		}
		if calls == 0 || calls > n {
			t.Errorf("%d calls for %d changes", calls, n)
		}
	})
}
