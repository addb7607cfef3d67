package httpapi

import (
	"errors"
	"maps"
	"net/http"
	"regexp"
	"testing"
)

var anySig = regexp.MustCompile(`"usersig":"[^"]+"`)

// TestShortcutIsTheSameWay sends requests by both ways and compares the replies to the
// byte, but for the signature: an Accept header that means the same makes a request one
// that the library answers.
func TestShortcutIsTheSameWay(t *testing.T) {
	bodies := []string{
		`{"userid":"alice","ttl":3600}`, ` { "userid" : "alice" , "ttl" : 60 } `, `{"userid":"alice"}`, "{\"userid\":\"alice\"}\r\n",
		`{"ttl":3600,"userid":"alice"}`, `{"userid":"a b"}`, `{"userid":"<&>"}`, `{"userid":"/"}`, `{"userid":"ålice"}`, `{"userid":"\u0061"}`,
		`{"userid":"bob"}`, `{"userid":""}`, `{}`, ``, `null`, `[]`, `{`, `{"userid":"alice"`, `{"userid":"alice"}}`, `{"userid":"alice"} x`,
		`{"userid":"alice",}`, `{"userid":"alice","userid":"bob"}`, `{"userid":"alice","ttl":1,"ttl":2}`, `{"userid":"alice","x":1}`,
		`{"UserID":"alice"}`, `{"userid":1}`, `{"userid":null}`, `{"userid":"alice","ttl":"60"}`, `{"userid":"alice","ttl":null}`,
		`{"userid":"alice","ttl":0}`, `{"userid":"alice","ttl":-1}`, `{"userid":"alice","ttl":060}`, `{"userid":"alice","ttl":60.0}`,
		`{"userid":"alice","ttl":6e1}`, `{"userid":"alice","ttl":15552000}`, `{"userid":"alice","ttl":15552001}`, `{"userid":"alice","ttl":1576800001}`,
		`{"userid":"alice","ttl":99999999999999999999}`, `{"userid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`, `{"userid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`,
		"{\"userid\":\"a\tb\"}", "{\"userid\":\"a\x7f\"}", "{\"userid\":\"\xff\"}", `{"userid":"alice" "ttl":1}`, `{userid:"alice"}`,
	}
	run(t, Options{}, func(w *world) {
		ask := func(q request) (int, string, http.Header) {
			q.method = http.MethodPost
			got := w.do(q)
			return got.Code, anySig.ReplaceAllString(got.Body.String(), `"usersig":"*"`), got.Header()
		}
		both := func(q request) {
			t.Helper()
			q.header = http.Header{"X-Request-Id": {"same"}}
			status, text, header := ask(q)
			q.header.Set("Accept", "application/json;q=1")
			status2, text2, header2 := ask(q)
			if status != status2 || text != text2 || !maps.EqualFunc(header, header2, func(a, b []string) bool { return len(a) == len(b) && a[0] == b[0] }) {
				t.Errorf("%s %s %s:\n%d %v %s\nand not\n%d %v %s", q.as, q.path, q.body, status, header, text, status2, header2, text2)
			}
		}
		app, other := w.vars["app"], w.vars["other"]
		for _, as := range []string{"issue", "user", "read"} {
			for _, body := range bodies {
				both(request{as: as, path: "/v1/apps/" + app + "/usersigs", body: body})
			}
		}
		for _, id := range []string{other, "0" + app, "+" + app, "0", "4294967295", "4294967296", "99999999999", "x"} {
			both(request{as: "operator", path: "/v1/apps/" + id + "/usersigs", body: bodies[0]})
		}
		for _, query := range []string{"?", "?x=1", "?userid=bob"} {
			both(request{as: "issue", path: "/v1/apps/" + app + "/usersigs" + query, body: bodies[0]})
		}
		w.fail(errors.New("disk on fire"))
		both(request{as: "issue", path: "/v1/apps/" + app + "/usersigs", body: bodies[0]})
	})
}

// TestShortcutIsTaken: what back ends send goes the short way, or it is of no use.
func TestShortcutIsTaken(t *testing.T) {
	for body, want := range map[string]userSigWish{
		`{"userid":"alice","ttl":3600}`:     {"alice", 3600},
		`{"userid": "alice", "ttl": 3600}`:  {"alice", 3600},
		"{\n  \"userid\": \"a-b_C.9\"\n}\n": {"a-b_C.9", 0},
	} {
		if got, ok := plainWish([]byte(body)); !ok || got != want {
			t.Errorf("%s: %+v, %t", body, got, ok)
		}
	}
}

// FuzzPlainWish: what is taken means to the library what it means here.
func FuzzPlainWish(f *testing.F) {
	f.Add([]byte(`{"userid":"alice","ttl":3600}`))
	f.Add([]byte(` {"userid" : "a" } `))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := plainWish(body)
		if !ok {
			return
		}
		var want userSigWish
		if err := exactly(body, &want); err != nil || want != got {
			t.Errorf("%q: %+v, and not %+v, %v", body, got, want, err)
		}
		if v, err := parse(body); err != nil || v == nil {
			t.Errorf("%q is not taken: %v", body, err)
		}
	})
}
