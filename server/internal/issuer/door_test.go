package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

var errAny = errors.New("any")

// Whatever comes of a request, there is one entry that says so: also if it is not even
// looked at, and also if nobody waits for the answer.
func TestEveryRefusalIsRecorded(t *testing.T) {
	for _, d := range allDoors() {
		invalid := d.refusal
		if invalid == nil {
			invalid = issuer.ErrInvalid
		}
		for _, c := range []struct {
			name    string
			request asked
			as      func(*doors) access.Caller
			gone    bool
			err     error
			outcome audit.Outcome
		}{
			{"done", d.good, asOperator, false, nil, audit.Done},
			{"not allowed", d.good, asNothing, false, issuer.ErrDenied, audit.Denied},
			{"not allowed and invalid", d.invalid, asNothing, false, issuer.ErrDenied, audit.Denied},
			{"another's", d.good, asOther, false, issuer.ErrDenied, audit.Denied},
			{"another's and not found", d.notFound, asOther, false, issuer.ErrDenied, audit.Denied},
			{"not allowed and gone", d.good, asNothing, true, issuer.ErrDenied, audit.Denied},
			{"invalid", d.invalid, asOperator, false, invalid, audit.Refused},
			{"invalid and gone", d.invalid, asOperator, true, errAny, audit.Refused},
			{"not found", d.notFound, asOperator, false, issuer.ErrNotFound, audit.Refused},
			{"conflict", d.conflict, asOperator, false, issuer.ErrConflict, audit.Refused},
			{"gone", d.good, asOperator, true, context.Canceled, audit.Refused},
		} {
			if c.request.do == nil {
				continue
			}
			t.Run(d.name+"/"+c.name, func(t *testing.T) {
				run(t, func(w *world) {
					doors := newDoors(w)
					caller := c.as(doors)
					before := len(w.checkAudit())
					ctx, cancel := context.WithCancel(w.t.Context())
					defer cancel()
					if c.gone {
						cancel()
					}
					err := c.request.do(ctx, doors, caller)
					if c.err == errAny && err == nil || c.err != errAny && !errors.Is(err, c.err) {
						t.Errorf("got %v, want %v", err, c.err)
					}
					checkEntry(t, w.checkAudit()[before:], d.action, caller, c.outcome, c.request.subject)
				})
			})
		}
	}
}

func asOperator(*doors) access.Caller { return operator }
func asNothing(w *doors) access.Caller {
	return backEnd(w.app, access.ScopeVerify)
}
func asOther(w *doors) access.Caller { return backEnd(w.other, access.Scopes()...) }

func checkEntry(t *testing.T, got []audit.Entry, action access.Action, c access.Caller, outcome audit.Outcome, subject string) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("%d entries, want one: %+v", len(got), got)
	}
	e := got[0]
	if e.Outcome != outcome || e.Action != action || e.Caller != c.ID {
		t.Errorf("recorded %+v, want %s %s by %s", e, action, outcome, c.ID)
	}
	if subject != "?" && outcome != audit.Done && e.Subject != strings.ToValidUTF8(subject, "\ufffd") {
		t.Errorf("recorded %+v, want subject %q", e, subject)
	}
	if outcome == audit.Refused && e.Detail == "" {
		t.Errorf("recorded %+v, which does not say why", e)
	}
	if outcome == audit.Denied && e.App != c.App {
		t.Errorf("recorded %+v under an application that is not the caller's, %d", e, c.App)
	}
}

// What changes nothing is recorded when it is denied, and never for nobody.
func TestReadsAreRecordedWhenDenied(t *testing.T) {
	run(t, func(w *world) {
		d := newDoors(w)
		for name, read := range map[string]func(c access.Caller, app uint32) error{
			"App":     func(c access.Caller, app uint32) error { _, err := w.App(w.t.Context(), c, app); return err },
			"Apps":    func(c access.Caller, _ uint32) error { _, err := w.Apps(w.t.Context(), c, 0, 10); return err },
			"Keys":    func(c access.Caller, app uint32) error { _, err := w.Keys(w.t.Context(), c, app); return err },
			"APIKeys": func(c access.Caller, app uint32) error { _, err := w.APIKeys(w.t.Context(), c, app); return err },
			"Audit":   func(c access.Caller, app uint32) error { _, err := w.Audit(w.t.Context(), c, app, 0, 1); return err },
			"Check": func(c access.Caller, app uint32) error {
				_, err := w.Check(w.t.Context(), c, app, issuer.Question{Token: "x", UserID: "alice"})
				if errors.Is(err, usersig.ErrMalformed) {
					return nil
				}
				return err
			},
		} {
			for _, c := range []struct {
				as   access.Caller
				want error
				n    int
			}{
				{operator, nil, 0},
				{backEnd(d.other, access.Scopes()...), issuer.ErrDenied, 1},
				{access.Caller{}, issuer.ErrDenied, 0},
				{access.Caller{ID: "httpapi", Scopes: access.Scopes()}, issuer.ErrDenied, 0},
			} {
				before := len(w.checkAudit())
				if err := read(c.as, d.app); !errors.Is(err, c.want) {
					t.Errorf("%s as %q: %v, want %v", name, c.as.ID, err, c.want)
				}
				if n := len(w.checkAudit()) - before; n != c.n {
					t.Errorf("%s as %q: %d entries, want %d", name, c.as.ID, n, c.n)
				}
			}
		}
	})
}

// One customer cannot write into the log that another one reads. Their own says whom
// they asked about.
func TestDenialsStayAtHome(t *testing.T) {
	run(t, func(w *world) {
		victim, own := w.create(hosted("hmac")).App.ID, w.create(hosted("hmac")).App.ID
		c := backEnd(own, access.Scopes()...)
		_, err := w.Revoke(w.t.Context(), c, victim, "alice")
		w.want(err, issuer.ErrDenied)
		w.want(w.Block(w.t.Context(), c, victim, "alice", time.Now().Add(time.Hour)), issuer.ErrDenied)
		theirs, err := w.Audit(w.t.Context(), operator, victim, 0, 100)
		w.want(err, nil)
		if len(theirs) != 1 { // that it was created
			t.Errorf("the victim reads %+v", theirs)
		}
		ours, err := w.Audit(w.t.Context(), operator, own, 1, 100)
		w.want(err, nil)
		if len(ours) != 3 || ours[1].Subject != "alice" || ours[1].Detail != fmt.Sprint("for sdkappid ", victim) {
			t.Fatalf("the caller's own log says %+v", ours)
		}
		if want := fmt.Sprint("for sdkappid ", victim, ": until "); !strings.HasPrefix(ours[2].Detail, want) {
			t.Errorf("the detail is %q, want %q and a time", ours[2].Detail, want)
		}
	})
}

// Nobody, and nobody with a name, writes nothing.
func TestNobodyWritesNothing(t *testing.T) {
	run(t, func(w *world) {
		d := newDoors(w)
		before := len(w.checkAudit())
		for _, c := range []access.Caller{{}, {App: d.app, Scopes: access.Scopes()}, {ID: "stranger"}, {ID: "stranger", Scopes: access.Scopes()}} {
			for _, door := range allDoors() {
				if err := door.good.do(w.t.Context(), d, c); !errors.Is(err, issuer.ErrDenied) {
					t.Errorf("%s: %v", door.name, err)
				}
			}
		}
		if n := len(w.checkAudit()) - before; n != 0 {
			t.Errorf("%d entries", n)
		}
	})
}

// Requests that come too late are told so, and do not wait for ever.
func TestRefusalsAfterClose(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		w.Close()
		for range 1000 { // more than can wait
			_, err := w.Issue(context.Background(), operator, app, issuer.Wish{UserID: "alice"})
			w.want(err, issuer.ErrUnavailable)
			_, err = w.Issue(context.Background(), backEnd(app, access.ScopeRead), app, issuer.Wish{UserID: "alice"})
			w.want(err, issuer.ErrUnavailable)
		}
	})
}

// What an act found out and did not do is not recorded as if it were there.
func TestFailedCreationHasNoNumber(t *testing.T) {
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("full")
		store := memory.New(&memory.Hooks{Commit: func(entries []*audit.Entry) error {
			if entries[0].Outcome == audit.Done {
				return full
			}
			return nil
		}})
		svc, err := issuer.New(t.Context(), store, kek, issuer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer svc.Close()
		w := &world{Service: svc, t: t, store: store}
		_, err = w.CreateApp(t.Context(), operator, issuer.NewApp{Name: "demo"})
		w.want(err, full)
		if e := w.last(); e.Outcome != audit.Refused || e.App != 0 || e.Subject != "demo" || e.Detail != "full" {
			t.Errorf("recorded %+v", e)
		}
	})
}
