package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/pgtest"
	"usersig/server/internal/store/postgres"
)

// told is a log that hands its lines over.
type told chan slog.Record

func (told) Enabled(context.Context, slog.Level) bool { return true }
func (l told) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l told) WithGroup(string) slog.Handler          { return l }

func (l told) Handle(_ context.Context, r slog.Record) error {
	l <- r
	return nil
}

// next returns the next line, which must have this level, and the error in it.
func (l told) next(t *testing.T, want slog.Level) (err error) {
	t.Helper()
	select {
	case r := <-l:
		r.Attrs(func(a slog.Attr) bool {
			if e, ok := a.Value.Any().(error); ok {
				err = e
			}
			return true
		})
		if r.Level != want {
			t.Fatalf("the log says %v: %s (%v), want a line of level %v", r.Level, r.Message, err, want)
		}
	case <-time.After(time.Minute):
		t.Fatalf("the log says nothing, want a line of level %v", want)
	}
	return err
}

// A way to the database that swallows everything, and breaks nothing: reading ends by its
// own limit, the service refuses once what it knows is too old, and goes on by itself.
func TestBlackHole(t *testing.T) {
	p, store := throughProxy(t, 300*time.Millisecond)
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	kek, err := custody.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	log := make(told, 100)
	svc, err := issuer.New(t.Context(), store, kek, issuer.Options{MaxStale: time.Second, Poll: 20 * time.Millisecond, Log: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	defer svc.Close()
	operator := access.Caller{ID: "operator", Scopes: []access.Scope{access.ScopeOperator}}
	made, err := svc.CreateApp(t.Context(), operator, issuer.NewApp{Name: "demo", Settings: issuer.Settings{Custody: "hosted"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := svc.Issue(t.Context(), operator, made.App.ID, issuer.Wish{UserID: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	verdict := func() error {
		_, err := svc.Verdict(t.Context(), made.App.ID, issuer.Question{Token: got.Token, UserID: "alice"})
		return err
	}

	p.hold()
	if err := log.next(t, slog.LevelWarn); !errors.Is(err, issuer.ErrUnavailable) || !strings.Contains(err.Error(), "no answer for 300ms") {
		t.Errorf("reading ends with %v", err)
	}
	_ = log.next(t, slog.LevelError)
	if err := svc.Ready(); !errors.Is(err, issuer.ErrStale) {
		t.Errorf("Ready = %v, want %v", err, issuer.ErrStale)
	}
	if err := verdict(); !errors.Is(err, issuer.ErrStale) {
		t.Errorf("Verdict = %v, want %v", err, issuer.ErrStale)
	}
	p.forward()
	_ = log.next(t, slog.LevelInfo)
	if err := errors.Join(svc.Ready(), verdict()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if err := svc.Block(t.Context(), operator, made.App.ID, "alice", time.Now().Add(time.Hour)); err != nil {
		t.Errorf("Block afterwards = %v", err)
	}
	if len(log) > 0 {
		t.Errorf("the log has %d lines more", len(log))
	}
}

// Reading everything has no limit, but silence does, also the first time.
func TestBlackHoleAtStart(t *testing.T) {
	p, store := throughProxy(t, 300*time.Millisecond)
	p.hold()
	if _, err := store.Changes(t.Context(), 0); !errors.Is(err, issuer.ErrUnavailable) || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("Changes = %v, want ErrUnavailable", err)
	}
	if _, err := store.Audit(t.Context(), 0, 0, 10); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Audit = %v, want ErrUnavailable", err)
	}
	p.forward()
	if _, err := store.Changes(t.Context(), 0); err != nil {
		t.Errorf("Changes afterwards = %v", err)
	}
}

// Opening the store ends too, wherever the way falls silent.
func TestBlackHoleWhileOpening(t *testing.T) {
	for _, after := range []string{"server_encoding", "to_regclass"} {
		p, text := newProxy(t, pgtest.URL(t))
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("connect_timeout", "1")
		u.RawQuery = q.Encode()
		p.set(func() { p.holdAfter = []byte(after) })
		// Long after the limits; closing waits for connections to end.
		time.AfterFunc(3*time.Second, p.forward)
		s, err := postgres.Open(t.Context(), u.String(), &postgres.Options{Init: true, Timeout: 300 * time.Millisecond})
		if err == nil {
			shut(t, s)
		}
		if !errors.Is(err, issuer.ErrUnavailable) {
			t.Errorf("Open that falls silent at %q = %v, want ErrUnavailable", after, err)
		}
	}
}
