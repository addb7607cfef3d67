package issuer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// A time that JSON cannot write would be in a record that cannot be stored.
func TestTimesBeyondTheYear9999(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("ecdsa")).App.ID
		// In the year 9999 as it is written, and 10000 in UTC.
		west := time.FixedZone("", -12*60*60)
		for until, want := range map[time.Time]error{
			time.Date(9999, 12, 31, 23, 0, 0, 0, west):     issuer.ErrInvalid,
			time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC):   issuer.ErrInvalid,
			time.Date(9999, 12, 31, 11, 59, 59, 0, west):   nil,
			time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC): nil,
		} {
			w.want(w.Block(w.t.Context(), operator, app, "alice", until), want)
			k, _, err := w.CreateAPIKey(w.t.Context(), operator, app, issuer.NewAPIKey{Name: "x", Scopes: []access.Scope{access.ScopeRead}, ExpiresAt: &until})
			w.want(err, want)
			if err == nil && k.ExpiresAt.Location() != time.UTC {
				t.Errorf("it ends at %v", k.ExpiresAt)
			}
		}
	})
}

// An administrator is a user that there can be, once.
func TestAdminsAreUserIDs(t *testing.T) {
	run(t, func(w *world) {
		for i, c := range []struct {
			admins []string
			want   error
		}{
			{[]string{"boss", "张三", strings.Repeat("x", 32)}, nil},
			{[]string{""}, issuer.ErrInvalid},
			{[]string{"boss", "boss"}, issuer.ErrInvalid},
			{[]string{"a\nb"}, issuer.ErrInvalid},
			{[]string{"a\x00"}, issuer.ErrInvalid},
			{[]string{"a\u0085b"}, issuer.ErrInvalid},
			{[]string{"\xff"}, issuer.ErrInvalid},
			{[]string{strings.Repeat("x", 33)}, issuer.ErrInvalid},
			{[]string{strings.Repeat("x", 60<<10)}, issuer.ErrInvalid},
			{[]string{"1", "2", "3", "4", "5", "6"}, issuer.ErrInvalid},
		} {
			s := hosted("hmac")
			s.Admins, s.UserIDs = c.admins, "any"
			made, err := w.CreateApp(w.t.Context(), operator, issuer.NewApp{Name: fmt.Sprint(i), Settings: s})
			w.want(err, c.want)
			if err != nil {
				if len(err.Error()) > 200 {
					t.Errorf("the error repeats what it was sent: %.80s", err)
				}
				continue
			}
			for _, admin := range c.admins { // each of them can be issued one
				w.want(w.check(made.App.ID, w.issueAs(operator, made.App.ID, admin), admin), nil)
			}
		}
	})
}

func (w *world) issueAs(c access.Caller, app uint32, user string) string {
	w.t.Helper()
	got, err := w.Issue(w.t.Context(), c, app, issuer.Wish{UserID: user})
	w.want(err, nil)
	return got.Token
}

func TestOIDCIsBounded(t *testing.T) {
	run(t, func(w *world) {
		long := func(n int) string { return strings.Repeat("x", n) }
		good := issuer.OIDC{Issuer: "https://id.example.org", Audience: "demo", Claim: "sub"}
		for _, c := range []struct {
			change func(*issuer.OIDC)
			want   error
		}{
			{func(o *issuer.OIDC) {
				o.Audience, o.Claim, o.Issuer = long(512), long(128), o.Issuer+"/"+long(512-len(o.Issuer)-1)
			}, nil},
			{func(o *issuer.OIDC) { o.Audience = "" }, issuer.ErrInvalid},
			{func(o *issuer.OIDC) { o.Audience = long(513) }, issuer.ErrInvalid},
			{func(o *issuer.OIDC) { o.Audience = "a\nb" }, issuer.ErrInvalid},
			{func(o *issuer.OIDC) { o.Claim = long(129) }, issuer.ErrInvalid},
			{func(o *issuer.OIDC) { o.Claim = "\xff" }, issuer.ErrInvalid},
			{func(o *issuer.OIDC) { o.Issuer += "/" + long(512) }, issuer.ErrInvalid},
			{func(o *issuer.OIDC) { o.Issuer += "/\xff" }, issuer.ErrInvalid},
		} {
			o := good
			c.change(&o)
			s := hosted("ecdsa")
			s.OIDC = &o
			_, err := w.CreateApp(w.t.Context(), operator, issuer.NewApp{Name: "x", Settings: s})
			w.want(err, c.want)
		}
	})
}

// The last operator cannot lock everybody out, themselves included.
func TestLastOperatorStays(t *testing.T) {
	run(t, func(w *world) {
		w.want(w.Init(w.t.Context(), operator), nil)
		add := func(ends *time.Time) string {
			k, _, err := w.CreateAPIKey(w.t.Context(), operator, issuer.Platform, issuer.NewAPIKey{Name: "x", Scopes: []access.Scope{access.ScopeOperator}, ExpiresAt: ends})
			w.want(err, nil)
			return k.ID
		}
		end := func(id string) error { return w.DeleteAPIKey(w.t.Context(), operator, issuer.Platform, id) }
		soon := time.Now().Add(time.Minute)
		first, second, brief := add(nil), add(nil), add(&soon)
		w.want(end(second), nil)
		time.Sleep(time.Minute) // brief has ended by itself
		err := end(first)
		w.want(err, issuer.ErrConflict)
		if !strings.Contains(err.Error(), "last operator") {
			t.Errorf("the error does not help: %v", err)
		}
		w.want(end(second), issuer.ErrNotFound)
		w.want(end(brief), nil)
		third := add(nil)
		w.want(end(first), nil)
		w.want(end(third), issuer.ErrConflict)
		// Of an application's credentials there may be none.
		app := w.create(hosted("ecdsa")).App.ID
		k, _, err := w.CreateAPIKey(w.t.Context(), operator, app, issuer.NewAPIKey{Name: "x", Scopes: []access.Scope{access.ScopeRead}})
		w.want(err, nil)
		w.want(w.DeleteAPIKey(w.t.Context(), operator, app, k.ID), nil)
	})
}

// A user who is revoked again and again is not waited for without end.
func TestIssueGivesUp(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("ecdsa")).App.ID
		w.want(w.revoke(app, "alice"), nil)
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(500 * time.Millisecond):
				}
				err := w.store.Commit(w.t.Context(), []*audit.Entry{{Action: access.RevokeUser, App: app, Outcome: audit.Done}}, func(tx issuer.Tx) error {
					return tx.PutUser(app, "alice", issuer.User{RevokedTo: time.Now().Unix() + 1})
				})
				w.want(err, nil)
			}
		}()
		time.Sleep(time.Second)
		began := time.Now()
		_, err := w.Issue(w.t.Context(), operator, app, issuer.Wish{UserID: "alice"})
		w.want(err, issuer.ErrClock)
		if took := time.Since(began); took < time.Second || took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		close(stop)
		time.Sleep(3 * time.Second)
		w.want(w.check(app, w.issue(app, "alice").Token, "alice"), nil)
	})
}
