package issuer_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// admitted issues a token and returns what a session keeps of it.
func (w *world) admitted(app uint32, user string) (token string, proof issuer.Proof) {
	w.t.Helper()
	token = w.issue(app, user).Token
	v, err := w.Verdict(w.t.Context(), app, issuer.Question{Token: token, UserID: user})
	w.want(err, nil)
	return token, issuer.ProofOf(v)
}

// A key can be killed so that nobody new comes in with it and who is in may stay.
func TestKillKeepsSessions(t *testing.T) {
	for _, replace := range []bool{false, true} {
		run(t, func(w *world) {
			made := w.create(hosted("hmac"))
			app := made.App.ID
			token, alice := w.admitted(app, "alice")
			_, bob := w.admitted(app, "bob")
			kill := issuer.Killing{KeyID: made.Key.ID, Reason: "leaked", Replace: replace, KeepSessions: true}
			killed, err := w.KillKey(w.t.Context(), operator, app, kill)
			w.want(err, nil)
			if e := w.last(); !killed.Key.KeepSessions || !strings.Contains(e.Detail, "leaked") || !strings.Contains(e.Detail, "sessions kept") {
				t.Errorf("killed %+v, recorded %+v", killed.Key, e)
			}
			if w.check(app, token, "alice") == nil {
				t.Error("somebody new comes in")
			}
			w.want(w.Recheck(w.t.Context(), alice), nil)
			// What ends a session otherwise still does.
			w.want(w.revoke(app, "bob"), nil)
			w.want(w.Recheck(w.t.Context(), bob), usersig.ErrRevoked)
			again, err := w.KillKey(w.t.Context(), operator, app, kill)
			w.want(err, nil)
			if !again.Replayed {
				t.Errorf("the second time: %+v", again)
			}
			// Second thoughts.
			kill.KeepSessions, kill.Reason = false, "they are thieves"
			_, err = w.KillKey(w.t.Context(), operator, app, kill)
			w.want(err, nil)
			if e := w.last(); !strings.Contains(e.Detail, "they are thieves") || !strings.Contains(e.Detail, "sessions end") || e.Subject != made.Key.ID {
				t.Errorf("recorded %+v", e)
			}
			if w.Recheck(w.t.Context(), alice) == nil {
				t.Error("the session goes on")
			}
			kill.KeepSessions = true
			_, err = w.KillKey(w.t.Context(), operator, app, kill)
			w.want(err, issuer.ErrConflict) // whom it threw out is gone
			keys, err := w.Keys(w.t.Context(), operator, app)
			w.want(err, nil)
			if k := keys[0]; k.Reason != "leaked" || k.State != issuer.Dead {
				t.Errorf("the key's history is %+v", k)
			}
		})
	}
}

func TestKeptSessionsEndWithTheirToken(t *testing.T) {
	run(t, func(w *world) {
		s := hosted("hmac")
		s.MaxTTL = 600
		made := w.create(s)
		_, alice := w.admitted(made.App.ID, "alice")
		_, err := w.KillKey(w.t.Context(), operator, made.App.ID, issuer.Killing{KeyID: made.Key.ID, Reason: "leaked", KeepSessions: true})
		w.want(err, nil)
		time.Sleep(time.Until(alice.ExpiresAt) + 2*usersig.DefaultLeeway)
		w.want(w.Recheck(w.t.Context(), alice), usersig.ErrExpired)
	})
}

// The node that holds a session need not be the one that let it in.
func TestProofTravels(t *testing.T) {
	want := issuer.Proof{
		App: 1400000000, UserID: "张三", KeyID: "0123456789abcdef", Purpose: usersig.PrivateMapKey, Scheme: usersig.SchemeHMAC,
		IssuedAt: time.Unix(1e9, 0).UTC(), ExpiresAt: time.Unix(253402300799, 0).UTC(),
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	const form = `{"app":1400000000,"user":"张三","key":"0123456789abcdef","purpose":"privatemapkey","scheme":"hmac",` +
		`"issued_at":"2001-09-09T01:46:40Z","expires_at":"9999-12-31T23:59:59Z"}`
	if string(text) != form {
		t.Errorf("written as %s, want %s", text, form)
	}
	var got issuer.Proof
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("read back as %+v, %v", got, err)
	}
	for _, bad := range []string{
		strings.Replace(form, "privatemapkey", "x", 1), strings.Replace(form, `"hmac"`, `"none"`, 1), strings.Replace(form, `"privatemapkey"`, `2`, 1), `[]`,
	} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s is a proof: %+v", bad, got)
		}
	}
}
