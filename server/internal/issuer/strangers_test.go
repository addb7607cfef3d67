package issuer_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

func from(source string) access.Caller {
	return access.Caller{Source: netip.MustParseAddr(source), Request: "r1"}
}

// since returns the entries after the first n.
func (w *world) since(n int) []audit.Entry { return w.checkAudit()[n:] }

// Refusals of strangers are on record, and as a number if they are many.
func TestTurned(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		n := len(w.checkAudit())
		turn := func(source string) {
			w.Turned(w.t.Context(), from(source), access.RevokeUser, app, "administrator", "signature")
		}
		for range 100 {
			turn("192.0.2.1")
		}
		turn("2001:db8::1")
		turn("2001:db8::2") // the same subscriber
		turn("192.0.2.2")
		got := w.since(n)
		if len(got) != 3 {
			t.Fatalf("%d entries", len(got))
		}
		want := audit.Entry{
			Caller: "stranger", Source: "192.0.2.1", Request: "r1", Action: access.RevokeUser, App: app,
			Subject: "administrator", Outcome: audit.Denied, Detail: "signature",
		}
		e := got[0]
		e.Seq, e.At, e.Hash = 0, time.Time{}, ""
		if e != want {
			t.Errorf("recorded %+v", e)
		}
		time.Sleep(time.Second)
		turn("192.0.2.1")
		if got := w.since(n); len(got) != 4 {
			t.Errorf("%d entries a second later", len(got))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		got = w.since(n)
		if last := got[len(got)-1]; len(got) != 5 || !strings.HasPrefix(last.Detail, "100 more since ") || last.App != app || last.Action != access.RevokeUser || last.Outcome != audit.Denied {
			t.Errorf("%d entries, the last is %+v", len(got), last)
		}
		time.Sleep(time.Hour)
		if got := w.since(n); len(got) != 5 {
			t.Errorf("%d entries an hour later", len(got))
		}
	})
}

// However many strangers there are, they do not fill the disk.
func TestTurnedIsBounded(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		n := len(w.checkAudit())
		for second := range 120 {
			for i := range 256 {
				// An application of every second number does not exist.
				w.Turned(w.t.Context(), from(fmt.Sprintf("10.0.%d.%d", second, i)), access.RevokeUser, app+uint32(i%2), "x", "y")
			}
			time.Sleep(time.Second)
		}
		w.Close()
		got := w.since(n)
		if len(got) > 60+120+3*2 {
			t.Errorf("%d entries in two minutes", len(got))
		}
		told := 0
		for _, e := range got {
			var more int
			if e.Source != "" {
				more = 1
			} else if _, err := fmt.Sscanf(e.Detail, "%d more since ", &more); err != nil {
				t.Errorf("%+v: %v", e, err)
			}
			told += more
			if e.App != app && e.App != issuer.Platform {
				t.Errorf("an application that was made up is recorded: %+v", e)
			}
		}
		if told != 120*256 {
			t.Errorf("the log tells of %d of %d", told, 120*256)
		}
	})
}

// A report that is under way when the service is closed is not lost.
func TestCloseWaitsForReport(t *testing.T) {
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		reporting, release := make(chan struct{}), make(chan struct{})
		store := memory.New(&memory.Hooks{Commit: func(entries []*audit.Entry) error {
			if strings.Contains(entries[0].Detail, " more since ") {
				close(reporting)
				<-release
			}
			return nil
		}})
		s, err := issuer.New(t.Context(), store, kek, issuer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s.Turned(t.Context(), from("192.0.2.1"), access.RevokeUser, issuer.Platform, "x", "y")
		}
		<-reporting // a minute later
		closed := make(chan struct{})
		go func() {
			s.Close()
			close(closed)
		}()
		synctest.Wait()
		close(release)
		<-closed
		if got, err := store.Audit(t.Context(), 0, 0, 10); err != nil || len(got) != 2 || !strings.HasPrefix(got[1].Detail, "1 more since ") {
			t.Errorf("the log has %+v, %v", got, err)
		}
	})
}

// An API key that exists and is not taken is on record; one that was made up is not.
func TestTurnedKey(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		ends := time.Now().Add(time.Hour)
		k, text, err := w.CreateAPIKey(w.t.Context(), operator, app, issuer.NewAPIKey{
			Name: "x", Scopes: []access.Scope{access.ScopeIssue}, ExpiresAt: &ends,
			Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		})
		w.want(err, nil)
		n := len(w.checkAudit())
		try := func(text, source, caller, detail string) {
			t.Helper()
			n := len(w.checkAudit())
			if _, ok := w.Authenticate(text, netip.MustParseAddr(source)); ok {
				t.Fatalf("%s lets somebody in", detail)
			}
			w.TurnedKey(w.t.Context(), text, from(source))
			e := w.last()
			if len(w.checkAudit()) != n+1 || e.Caller != caller || e.Detail != detail || e.Subject != k.ID || e.App != app || e.Action != issuer.UseAPIKey {
				t.Errorf("recorded %+v", e)
			}
			time.Sleep(time.Second)
		}
		try(text[:len(text)-4]+"AAAA", "10.0.0.1", "stranger", "the secret is wrong")
		try(text[:21], "10.0.0.1", "stranger", "the secret is wrong")
		try(text, "192.0.2.1", "apikey:"+k.ID, "it may not be used from there")
		time.Sleep(time.Hour)
		try(text, "10.0.0.1", "apikey:"+k.ID, "it has expired")
		for _, text := range []string{"", "x", "usk_", "usk_0123456789abcdef_AAAA"} {
			w.TurnedKey(w.t.Context(), text, from("10.0.0.1"))
		}
		if got := w.since(n); len(got) != 4 {
			t.Errorf("%d entries, want 4", len(got))
		}
	})
}

func TestAdmit(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		n := len(w.checkAudit())
		w.want(w.Admit(w.t.Context(), backEnd(app, access.ScopeIssue), access.IssueUserSig, app, ""), nil)
		if len(w.since(n)) != 0 {
			t.Error("what is allowed is recorded before it happens")
		}
		w.want(w.Admit(w.t.Context(), backEnd(app, access.ScopeIssue), access.RevokeUser, app, "alice"), issuer.ErrDenied)
		if e := w.last(); e.Outcome != audit.Denied || e.Action != access.RevokeUser || e.Subject != "alice" {
			t.Errorf("recorded %+v", e)
		}
	})
}
