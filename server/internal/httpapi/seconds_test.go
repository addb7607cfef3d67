package httpapi

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// Many kicks at once are done within the second, and nobody is locked out by them.
func TestManyKicks(t *testing.T) {
	run(t, Options{PerSource: Limit{PerSecond: -1}}, func(w *world) {
		got := w.do(request{as: "all", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", body: `{"userid":"administrator"}`})
		admin := decode[issuedUserSig](w, got.Body.Bytes()).UserSig
		kick := "/v4/im_open_login_svc/kick?sdkappid=" + w.vars["app"] + "&identifier=administrator&usersig=" + admin
		observe := w.api.opts.Observe // which is for one request at a time
		w.api.opts.Observe = nil
		began := time.Now()
		var all sync.WaitGroup
		for range 15 {
			all.Go(func() {
				r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, kick, strings.NewReader(`{"Identifier":"alice"}`))
				w.ok(err)
				r.RemoteAddr = "192.0.2.1:4242"
				r.Header.Set("Content-Type", "application/json")
				got := &quiet{header: make(http.Header)}
				w.api.ServeHTTP(got, r)
				if !strings.Contains(got.body.String(), `"OK"`) {
					t.Errorf("kick: %s", got.body.String())
				}
			})
		}
		all.Wait()
		w.api.opts.Observe = observe
		got = w.do(request{as: "issue", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", body: `{"userid":"alice"}`})
		alice := decode[issuedUserSig](w, got.Body.Bytes())
		if took := time.Since(began); took > time.Second || alice.IssuedAt.After(time.Now()) {
			t.Errorf("after %v, dated %v at %v", took, alice.IssuedAt, time.Now())
		}
		got = w.do(request{as: "verify", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/verify", body: `{"userid":"alice","token":"` + alice.UserSig + `"}`})
		if !decode[verdict](w, got.Body.Bytes()).OK {
			t.Errorf("the token is refused: %s", got.Body)
		}
	})
}

// quiet is a reply that nobody checks against its description: those checks are for one
// request at a time.
type quiet struct {
	header http.Header
	body   strings.Builder
}

func (q *quiet) Header() http.Header         { return q.header }
func (q *quiet) WriteHeader(int)             {}
func (q *quiet) Write(p []byte) (int, error) { return q.body.Write(p) }

// A clock that is wrong is said to be, and the log is not filled with it.
func TestClockBehindARevocation(t *testing.T) {
	run(t, Options{}, func(w *world) {
		app := w.app("app")
		entry := []*audit.Entry{{Action: access.RevokeUser, App: app, Outcome: audit.Done}}
		w.ok(w.store.Commit(w.t.Context(), entry, func(tx issuer.Tx) error {
			return tx.PutUser(app, "alice", issuer.User{RevokedTo: time.Now().Add(time.Hour).Unix()})
		}))
		time.Sleep(time.Second) // in the bubble
		logged := w.logs.Len()
		for _, q := range []request{
			{as: "issue", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", body: `{"userid":"alice"}`},
			{as: "issue", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs:batch", body: `{"items":[{"userid":"bob"},{"userid":"alice"}]}`},
			{as: "revoke", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/users/alice/revoke"},
		} {
			got := w.do(q)
			p := w.problem(got)
			if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" || !strings.Contains(p.Detail, "the clock of this server is behind a revocation: tokens of this user are void up to 2000-01-01T01:00:00Z") {
				t.Errorf("%s: %d %s", q.path, got.Code, got.Body)
			}
			if batch := strings.HasSuffix(q.path, "batch"); batch != (p.Index != nil) || batch && *p.Index != 1 {
				t.Errorf("%s: %s", q.path, got.Body)
			}
		}
		if lines := w.logs.String()[logged:]; strings.Contains(lines, "cannot answer") {
			t.Errorf("logged %s", lines)
		}
	})
}
