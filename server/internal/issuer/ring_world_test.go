package issuer_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

var errKMS = errors.New("the KMS is out of reach")

// flaky is a KMS that can be out of reach, or answer nothing, and counts what it opens.
type flaky struct {
	custody.KEK
	down, hangs atomic.Bool
	unwrapped   atomic.Int32
}

func (f *flaky) Unwrap(ctx context.Context, sealed, bound []byte) ([]byte, error) {
	f.unwrapped.Add(1)
	if f.hangs.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if f.down.Load() {
		return nil, errKMS
	}
	return f.KEK.Unwrap(ctx, sealed, bound)
}

// lines is a log that keeps what it is told.
type lines struct {
	mu  sync.Mutex
	all []slog.Record
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
	return nil
}

// of returns the lines of a level.
func (l *lines) of(level slog.Level) (some []slog.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.all {
		if r.Level == level {
			some = append(some, r)
		}
	}
	return some
}

// outages is a world whose store, KMS and clock fail at will.
type outages struct {
	*world
	kms      *flaky
	log      *lines
	storeOut atomic.Bool
	shift    atomic.Int64 // of the clock, which is the wall's if it is not 0
	opts     issuer.Options
}

func runOutages(t *testing.T, f func(w *outages)) {
	t.Helper()
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		w := &outages{world: &world{t: t}, kms: &flaky{KEK: kek}, log: &lines{}}
		w.store = memory.New(&memory.Hooks{Read: func() error {
			if w.storeOut.Load() {
				return issuer.ErrUnavailable
			}
			return nil
		}})
		w.opts = issuer.Options{Log: slog.New(w.log), Clock: func() time.Time {
			if shift := time.Duration(w.shift.Load()); shift != 0 {
				return time.Now().Round(0).Add(shift)
			}
			return time.Now()
		}}
		w.start()
		defer func() { w.Close() }() // of the last start
		f(w)
		w.storeOut.Store(false)
		w.checkAudit()
	})
}

func (w *outages) start() {
	w.t.Helper()
	var err error
	if w.Service, err = issuer.New(w.t.Context(), w.store, w.kms, w.opts); err != nil {
		w.t.Fatal(err)
	}
}

// restart is a start with a log of its own.
func (w *outages) restart() {
	w.t.Helper()
	w.Close()
	w.log.all = nil
	w.kms.unwrapped.Store(0)
	w.start()
}

// opens returns how many keys the KMS is asked for while f runs.
func (w *outages) opens(f func()) int32 {
	before := w.kms.unwrapped.Load()
	f()
	return w.kms.unwrapped.Load() - before
}

func (w *outages) rename(app uint32, name string) {
	w.t.Helper()
	_, err := w.UpdateApp(w.t.Context(), operator, app, func(a *issuer.App) error { a.Name = name; return nil })
	w.want(err, nil)
}
