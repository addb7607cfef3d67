package issuer_test

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

var operator = access.Caller{ID: "apikey:operator", Scopes: []access.Scope{access.ScopeOperator}, Request: "r1"}

// backEnd is the caller that an application's back end is.
func backEnd(app uint32, scopes ...access.Scope) access.Caller {
	return access.Caller{ID: "apikey:backend", App: app, Scopes: scopes, Source: netip.MustParseAddr("192.0.2.7")}
}

// world is a service over a store in memory, inside a synctest bubble: its clock
// stands still unless everybody waits.
type world struct {
	*issuer.Service
	t     *testing.T
	store *memory.Store
	fail  error // what the next commits answer, if not nil
}

// run runs f in a bubble with a fresh world.
func run(t *testing.T, f func(w *world)) {
	t.Helper()
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t}
		w.store = memory.New(&memory.Hooks{Rehearse: true, Commit: func([]*audit.Entry) error { return w.fail }})
		var err error
		w.Service, err = issuer.New(t.Context(), w.store, kek, issuer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f(w)
		w.Close()
		w.checkAudit()
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func newKEK(t *testing.T) custody.KEK {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	kek, err := custody.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

// checkAudit checks the chain of everything that was recorded.
func (w *world) checkAudit() []audit.Entry {
	w.t.Helper()
	all, err := w.store.Audit(context.Background(), 0, 0, 1<<20)
	if err != nil {
		w.t.Fatal(err)
	}
	var c audit.Checker
	for _, e := range all {
		if err := c.Next(e); err != nil {
			w.t.Fatal(err)
		}
	}
	return all
}

func (w *world) last() audit.Entry {
	all := w.checkAudit()
	return all[len(all)-1]
}

func (w *world) create(t issuer.Settings) issuer.Created {
	w.t.Helper()
	out, err := w.CreateApp(w.t.Context(), operator, issuer.NewApp{Name: "demo", Settings: t})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func hosted(scheme string) issuer.Settings { return issuer.Settings{Scheme: scheme, Custody: "hosted"} }

func (w *world) issue(app uint32, user string) issuer.Issued {
	w.t.Helper()
	out, err := w.Issue(w.t.Context(), backEnd(app, access.ScopeIssue), app, issuer.Wish{UserID: user})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) check(app uint32, token, user string) error {
	_, err := w.Check(w.t.Context(), backEnd(app, access.ScopeVerify), app, issuer.Question{Token: token, UserID: user})
	return err
}

func (w *world) want(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("got %v, want %v", err, want)
	}
}

func TestIssueAndCheck(t *testing.T) {
	for _, scheme := range []string{"ecdsa", "hmac"} {
		t.Run(scheme, func(t *testing.T) {
			run(t, func(w *world) {
				app := w.create(hosted(scheme)).App.ID
				got := w.issue(app, "alice")
				w.want(w.check(app, got.Token, "alice"), nil)
				w.want(w.check(app, got.Token, "bob"), usersig.ErrUserMismatch)
				if e := w.last(); e.Action != access.IssueUserSig || e.Subject != "alice" || e.Source != "192.0.2.7" {
					t.Errorf("recorded %+v", e)
				}
				if got.ExpiresAt.Sub(got.IssuedAt) != usersig.DefaultMaxTTL {
					t.Errorf("lives for %v", got.ExpiresAt.Sub(got.IssuedAt))
				}
			})
		})
	}
}

func TestTicket(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("ecdsa")).App.ID
		grant := &usersig.Grant{Room: usersig.Room{ID: 7}, Allow: usersig.Audience}
		got, err := w.Issue(w.t.Context(), backEnd(app, access.ScopeIssue), app, issuer.Wish{UserID: "alice", Grant: grant})
		w.want(err, nil)
		q := issuer.Question{Token: got.Token, UserID: "alice", Purpose: usersig.PrivateMapKey, Room: grant.Room}
		_, err = w.Check(w.t.Context(), backEnd(app, access.ScopeVerify), app, q)
		w.want(err, nil)
		q.Room.ID = 8
		_, err = w.Check(w.t.Context(), backEnd(app, access.ScopeVerify), app, q)
		w.want(err, usersig.ErrNoGrant)
		w.want(w.check(app, got.Token, "alice"), usersig.ErrPurpose)
	})
}

// Custody none: the private key is handed out once, the server verifies and cannot
// sign.
func TestCustodyNone(t *testing.T) {
	run(t, func(w *world) {
		made := w.create(issuer.Settings{})
		if made.Handout.Private == nil || made.Key.Sealed != nil {
			t.Fatalf("made %+v", made)
		}
		_, err := w.Issue(w.t.Context(), operator, made.App.ID, issuer.Wish{UserID: "alice"})
		w.want(err, issuer.ErrNoSigner)
		signer, err := usersig.NewSigner(made.App.ID, made.Handout.Private, nil)
		w.want(err, nil)
		token, err := signer.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour})
		w.want(err, nil)
		w.want(w.check(made.App.ID, token, "alice"), nil)
	})
}

func TestHostedKeyNeverLeaves(t *testing.T) {
	run(t, func(w *world) {
		made := w.create(hosted("ecdsa"))
		if made.Handout != (issuer.Handout{}) {
			t.Errorf("handed out %v", made.Handout)
		}
		keys, err := w.Keys(w.t.Context(), operator, made.App.ID)
		w.want(err, nil)
		if len(keys) != 1 || keys[0].Sealed != nil || keys[0].Public == "" {
			t.Errorf("keys %+v", keys)
		}
	})
}

// Ten failures lock one user from one source, and nobody else. What comes without a
// source locks nobody: the back end that asks is the same for all of its users.
func TestLock(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		token := w.issue(app, "alice").Token
		check := func(token, source string) error {
			q := issuer.Question{Token: token, UserID: "alice", Source: netip.MustParseAddr(source)}
			_, err := w.Check(w.t.Context(), operator, app, q)
			return err
		}
		for range 20 {
			w.want(w.check(app, "forged", "alice"), usersig.ErrMalformed)
		}
		for range 10 {
			w.want(check("forged", "198.51.100.1"), usersig.ErrMalformed)
		}
		w.want(check(token, "198.51.100.1"), usersig.ErrTooManyFailures)
		w.want(check(token, "198.51.100.2"), nil)
		w.want(check(token, "192.0.2.7"), nil) // the back end's own
		w.want(w.check(app, token, "alice"), nil)
		time.Sleep(time.Minute)
		w.want(check(token, "198.51.100.1"), nil)
	})
}

func TestStoppedAndDeleted(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		token := w.issue(app, "alice").Token
		w.want(w.DeleteApp(w.t.Context(), operator, app), issuer.ErrConflict)
		_, err := w.UpdateApp(w.t.Context(), operator, app, func(a *issuer.App) error { a.State = issuer.Stopped; return nil })
		w.want(err, nil)
		w.want(w.check(app, token, "alice"), usersig.ErrAppUnknown)
		_, err = w.Issue(w.t.Context(), operator, app, issuer.Wish{UserID: "alice"})
		w.want(err, issuer.ErrConflict)
		w.want(w.DeleteApp(w.t.Context(), operator, app), nil)
		_, err = w.App(w.t.Context(), operator, app)
		w.want(err, issuer.ErrNotFound)
		if next := w.create(issuer.Settings{}).App.ID; next != app+1 {
			t.Errorf("the next application is %d: a number was used again, or left out", next)
		}
	})
}

// When the log cannot be written, nothing happens.
func TestNoAuditNoAct(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		w.fail = issuer.ErrUnavailable
		_, err := w.Issue(w.t.Context(), operator, app, issuer.Wish{UserID: "alice"})
		w.want(err, issuer.ErrUnavailable)
		_, err = w.RotateKey(w.t.Context(), operator, app, issuer.Rotation{})
		w.want(err, issuer.ErrUnavailable)
		_, err = w.Issue(w.t.Context(), backEnd(app, access.ScopeVerify), app, issuer.Wish{UserID: "alice"})
		w.want(err, issuer.ErrUnavailable) // not even the denial
		w.fail = nil
		keys, err := w.Keys(w.t.Context(), operator, app)
		w.want(err, nil)
		if len(keys) != 1 {
			t.Errorf("%d keys after a rotation that was not recorded", len(keys))
		}
	})
}

func TestBatch(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		c := backEnd(app, access.ScopeIssue)
		out, err := w.IssueBatch(w.t.Context(), c, app, []issuer.Wish{{UserID: "alice"}, {UserID: "bob", TTL: time.Hour}})
		w.want(err, nil)
		if len(out) != 2 || out[1].UserID != "bob" {
			t.Fatalf("issued %+v", out)
		}
		n := len(w.checkAudit())
		_, err = w.IssueBatch(w.t.Context(), c, app, []issuer.Wish{{UserID: "alice"}, {UserID: "not portable"}})
		w.want(err, usersig.ErrInvalidClaims)
		_, err = w.IssueBatch(w.t.Context(), c, app, nil)
		w.want(err, issuer.ErrInvalid)
		_, err = w.IssueBatch(w.t.Context(), c, app, make([]issuer.Wish, issuer.MaxBatch+1))
		w.want(err, issuer.ErrInvalid)
		for _, e := range w.checkAudit()[n:] {
			if e.Outcome != audit.Refused || e.Detail == "" {
				t.Errorf("recorded %+v of tokens that do not exist", e)
			}
		}
		if got := len(w.checkAudit()); got != n+3 {
			t.Errorf("%d refusals recorded, want 3", got-n)
		}
	})
}

// A service that cannot read its store answers from what it knows for a while, and
// then refuses: a revocation made elsewhere would not be known.
func TestFailClosed(t *testing.T) {
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		store := memory.New(&memory.Hooks{Read: func() error {
			if down.Load() {
				return issuer.ErrUnavailable
			}
			return nil
		}})
		svc, err := issuer.New(t.Context(), store, kek, issuer.Options{MaxStale: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer svc.Close()
		w := &world{Service: svc, t: t, store: store}
		app := w.create(hosted("hmac")).App.ID
		token := w.issue(app, "alice").Token
		down.Store(true)
		time.Sleep(4 * time.Second)
		w.want(w.check(app, token, "alice"), nil)
		time.Sleep(2 * time.Second)
		w.want(w.check(app, token, "alice"), issuer.ErrStale)
		w.want(svc.Ready(), issuer.ErrStale)
		down.Store(false)
		time.Sleep(time.Second)
		w.want(w.check(app, token, "alice"), nil)
	})
}

// What one node does, another knows within a poll.
func TestTwoNodes(t *testing.T) {
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
		made := a.create(hosted("hmac"))
		time.Sleep(300 * time.Millisecond) // a poll, and a little
		token := b.issue(made.App.ID, "alice").Token
		_, err := a.Revoke(t.Context(), operator, made.App.ID, "alice")
		a.want(err, nil)
		b.want(b.check(made.App.ID, token, "alice"), usersig.ErrRevoked)
		token = b.issue(made.App.ID, "bob").Token
		_, err = a.KillKey(t.Context(), operator, made.App.ID, issuer.Killing{KeyID: made.Key.ID, Reason: "leaked", Replace: true})
		a.want(err, nil)
		time.Sleep(300 * time.Millisecond) // a poll, and a little
		b.want(b.check(made.App.ID, token, "bob"), usersig.ErrSignature)
	})
}

// Keys that verify signed-in users come over TLS or from this machine, and a name
// that only begins like this machine is another.
func TestIssuerOfUsers(t *testing.T) {
	run(t, func(w *world) {
		for name, good := range map[string]bool{
			"https://id.example.org": true, "http://127.0.0.1:5556/dex": true, "http://localhost:5556": true, "http://[::1]:1": true,
			"http://id.example.org": false, "http://127.0.0.1.evil.example": false, "http://localhost.evil.example": false,
			"https://user@id.example.org": false, "https://": false, "id.example.org": false, "https://id.example.org?x=1": false,
		} {
			s := issuer.Settings{OIDC: &issuer.OIDC{Issuer: name, Audience: "app"}}
			_, err := w.CreateApp(w.t.Context(), operator, issuer.NewApp{Name: "demo", Settings: s})
			if good {
				w.want(err, nil)
			} else {
				w.want(err, issuer.ErrInvalid)
			}
		}
	})
}

// The record that holds the operators' keys is no application.
func TestPlatformIsNoApplication(t *testing.T) {
	run(t, func(w *world) {
		w.want(w.Init(w.t.Context(), operator), nil)
		_, err := w.UpdateApp(w.t.Context(), operator, issuer.Platform, func(a *issuer.App) error { a.Name = "x"; return nil })
		w.want(err, issuer.ErrNotFound)
		w.want(w.DeleteApp(w.t.Context(), operator, issuer.Platform), issuer.ErrNotFound)
		own, err := usersig.GenerateKey(usersig.P256)
		w.want(err, nil)
		_, err = w.ImportKey(w.t.Context(), operator, issuer.Platform, issuer.OwnKey{PEM: own.Public().EncodePEM(), Sign: true})
		w.want(err, issuer.ErrNotFound)
		_, err = w.RotateKey(w.t.Context(), operator, issuer.Platform, issuer.Rotation{})
		w.want(err, issuer.ErrNotFound)
		_, err = w.Revoke(w.t.Context(), operator, issuer.Platform, "alice")
		w.want(err, issuer.ErrNotFound)
	})
}

// A client that tries a revoked token again and again is not locked out with its next.
func TestOnlyGuessesLock(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		old := w.issue(app, "alice").Token
		_, err := w.Revoke(w.t.Context(), operator, app, "alice")
		w.want(err, nil)
		for range 20 {
			w.want(w.check(app, old, "alice"), usersig.ErrRevoked)
		}
		w.want(w.check(app, w.issue(app, "alice").Token, "alice"), nil)
	})
}

// What callers send never breaks the chain, whatever its bytes.
func TestHostileTextInTheLog(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		_, err := w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: "\xff\xfe", Reason: strings.Repeat("密", 200), Replace: true})
		w.want(err, issuer.ErrNotFound)
		w.want(w.Unblock(w.t.Context(), operator, app, "\xff"), issuer.ErrInvalid)
		w.checkAudit()
	})
}

// One damaged row does not stop the others, and its application fails closed: neither
// issuing nor checking guesses. A KEK that opens nothing does stop the start.
func TestOneDamagedRow(t *testing.T) {
	kek, other := newKEK(t), newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(nil)
		svc, err := issuer.New(t.Context(), store, kek, issuer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{Service: svc, t: t, store: store}
		broken, whole := w.create(hosted("hmac")).App.ID, w.create(hosted("hmac")).App.ID
		token := w.issue(broken, "alice").Token
		svc.Close()
		if _, err := issuer.New(t.Context(), store, other, issuer.Options{}); !errors.Is(err, custody.ErrKEK) {
			t.Errorf("with another KEK: %v, want %v", err, custody.ErrKEK)
		}
		err = store.Commit(t.Context(), []*audit.Entry{{Action: access.UpdateApp, App: broken}}, func(tx issuer.Tx) error {
			r, err := tx.App(broken)
			if err != nil {
				return err
			}
			r.Keys[0].Sealed[len(r.Keys[0].Sealed)-1] ^= 1
			return tx.PutApp(r)
		})
		w.want(err, nil)
		if w.Service, err = issuer.New(t.Context(), store, kek, issuer.Options{}); err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		w.want(w.check(whole, w.issue(whole, "alice").Token, "alice"), nil)
		w.want(w.check(broken, token, "alice"), issuer.ErrUnavailable)
		_, err = w.Issue(t.Context(), operator, broken, issuer.Wish{UserID: "alice"})
		w.want(err, issuer.ErrUnavailable)
		if e := w.last(); e.Outcome != audit.Refused || e.App != broken || e.Subject != "alice" {
			t.Errorf("recorded %+v", e)
		}
	})
}
