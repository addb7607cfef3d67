package issuer_test

import (
	"context"
	"log/slog"
	"testing"
	"time"
	"unsafe"

	"usersig/server/internal/issuer"
)

// A clock that is set back makes nothing fresh: an old view of the store would let in
// whom another node has revoked.
func TestClockSetBack(t *testing.T) {
	runOutages(t, func(w *outages) {
		app := w.create(hosted("hmac")).App.ID
		token := w.issue(app, "alice").Token
		w.storeOut.Store(true)
		time.Sleep(time.Minute)
		w.want(w.check(app, token, "alice"), issuer.ErrStale)
		for _, back := range []time.Duration{2 * time.Minute, time.Hour, 24 * 365 * time.Hour} {
			w.shift.Store(int64(-back))
			w.want(w.check(app, token, "alice"), issuer.ErrStale)
			w.want(w.Ready(), issuer.ErrStale)
			if age := w.Staleness(); age < time.Hour {
				t.Errorf("the age is %v with the clock set back by %v", age, back)
			}
		}
		w.storeOut.Store(false)
		w.shift.Store(int64(-time.Second))
		time.Sleep(time.Second)
		w.want(w.check(app, token, "alice"), nil)
	})
}

// An outage is three lines of the log, however long it lasts.
func TestOutageIsLogged(t *testing.T) {
	runOutages(t, func(w *outages) {
		w.storeOut.Store(true)
		time.Sleep(10 * time.Second)
		warned := w.log.of(slog.LevelWarn)
		if len(warned) != 1 || len(w.log.of(slog.LevelError)) != 0 {
			t.Errorf("the log has %v, want a warning", w.log.all)
		}
		time.Sleep(10 * time.Minute)
		if len(w.log.of(slog.LevelWarn)) != 1 || len(w.log.of(slog.LevelError)) != 1 {
			t.Errorf("the log has %v, want an error as well", w.log.all)
		}
		w.storeOut.Store(false)
		time.Sleep(time.Minute)
		told := w.log.of(slog.LevelInfo)
		if len(told) != 1 || len(w.log.all) != 3 {
			t.Fatalf("the log has %v, want the recovery as well", w.log.all)
		}
		told[0].Attrs(func(a slog.Attr) bool {
			if d, ok := a.Value.Any().(time.Duration); ok && d.Round(time.Second) != 610*time.Second {
				t.Errorf("it lasted %v", d)
			}
			return true
		})
		// The next one is logged again.
		w.storeOut.Store(true)
		time.Sleep(time.Second)
		if len(w.log.of(slog.LevelWarn)) != 2 {
			t.Errorf("the log has %v, want a second warning", w.log.all)
		}
	})
}

// Who gives up does not wait for others who read the store.
func TestNobodyWaitsWhoIsGone(t *testing.T) {
	runOutages(t, func(w *outages) {
		unlock, err := w.Lock(w.t.Context())
		w.want(err, nil)
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err = w.CreateApp(ctx, operator, issuer.NewApp{Name: "demo"})
		w.want(err, nil) // it is made
		if took := time.Since(began); took != time.Second {
			t.Errorf("it took %v", took)
		}
		unlock()
		time.Sleep(time.Second)
		all, err := w.Apps(w.t.Context(), operator, 0, 10)
		if err != nil || len(all) != 1 {
			t.Errorf("Apps = %v, %v", all, err)
		}
	})
}

// The age is what the clock says that has run further, of a machine's two.
func TestAge(t *testing.T) {
	last := time.Now()
	for _, c := range []struct {
		what                   string
		wall, monotonic, floor time.Duration
	}{
		{"as they should", 5 * time.Second, 5 * time.Second, 5 * time.Second},
		{"set back by an hour", -time.Hour, 5 * time.Second, 5 * time.Second},
		{"woken up after an hour", time.Hour, time.Millisecond, time.Hour},
	} {
		now := last.Add(c.monotonic)
		// There is no other way to a time of two minds.
		wall := now.Add(c.wall - c.monotonic)
		(*[3]uint64)(unsafe.Pointer(&now))[0] = (*[3]uint64)(unsafe.Pointer(&wall))[0]
		if got := issuer.Age(last, now); got.Round(time.Millisecond) != c.floor {
			t.Errorf("clocks that run %s: age %v, want %v", c.what, got, c.floor)
		}
	}
	if got := issuer.Age(last.Round(0), last.Round(0).Add(-time.Nanosecond)); got < time.Hour {
		t.Errorf("age %v of a clock that runs backwards", got)
	}
}
