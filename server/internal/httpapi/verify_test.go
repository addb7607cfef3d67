package httpapi

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// A customer who signs with a key of their own can have everything checked here.
func TestVerifyImported(t *testing.T) {
	run(t, Options{}, func(w *world) {
		key, err := usersig.GenerateKey(usersig.Secp256k1)
		w.ok(err)
		_, err = w.svc.ImportKey(w.t.Context(), root, w.app("app"), issuer.OwnKey{PEM: key.Public().EncodePEM()})
		w.ok(err)
		signer, err := usersig.NewSigner(w.app("app"), key, nil)
		w.ok(err)
		for _, buf := range [][]byte{[]byte("\x00"), []byte("\x00mine")} {
			token, err := signer.Sign(usersig.Claims{UserID: "alice", TTL: time.Hour, UserBuf: buf})
			w.ok(err)
			got := w.do(request{as: "verify", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/verify", body: `{"token":"` + token + `","userid":"alice","purpose":"userbuf"}`})
			v := decode[verdict](w, got.Body.Bytes())
			if !v.OK || v.UserBuf == nil || !bytes.Equal(*v.UserBuf, buf) || v.KeyID != key.ID() || v.Purpose != "userbuf" {
				t.Errorf("%s", got.Body)
			}
		}
	})
}

// The eleventh bad token in a minute is not looked at, for this user and source only.
func TestVerifyLocks(t *testing.T) {
	run(t, Options{}, func(w *world) {
		ask := func(source string) string {
			got := w.do(request{as: "verify", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/verify", body: `{"token":"x","userid":"alice","source":"` + source + `"}`})
			return decode[verdict](w, got.Body.Bytes()).Refusal.Reason
		}
		var reasons []string
		for range 11 {
			reasons = append(reasons, ask("198.51.100.1"))
		}
		if reasons[9] != "malformed" || reasons[10] != "too_many_failures" || ask("198.51.100.2") != "malformed" {
			t.Errorf("%v", reasons)
		}
		// A back end that does not say where its users are has its own address, and one
		// user's bad tokens would lock out all that come with that user's name.
		for range 20 {
			if got := ask(""); got != "malformed" {
				t.Fatalf("without a source: %s", got)
			}
		}
		time.Sleep(time.Minute) // in the bubble
		if got := ask("198.51.100.1"); got != "malformed" {
			t.Errorf("after a minute: %s", got)
		}
	})
}

func TestLongUserIDs(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for user, want := range map[string]int{
			strings.Repeat("a", 255): 200, strings.Repeat("a", 256): 422, strings.Repeat("é", 128): 422, strings.Repeat("é", 127): 200,
		} {
			got := w.do(request{as: "verify", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/verify", body: `{"token":"x","userid":"` + user + `"}`})
			if got.Code != want {
				t.Errorf("%d bytes: %d %s", len(user), got.Code, got.Body)
			}
		}
	})
}

func TestShort(t *testing.T) {
	if got := short(strings.Repeat("é", 200)); got != strings.Repeat("é", 160)+"…" {
		t.Errorf("%q", got)
	}
}
