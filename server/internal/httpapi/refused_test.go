package httpapi

import (
	"net/http"
	"strings"
	"testing"
)

// Of a batch that is refused, the reply says which item was in the way.
func TestRefusedBatch(t *testing.T) {
	run(t, Options{}, func(w *world) {
		items := func(n int, bad string) string {
			return `{"items":[` + strings.Repeat(`{"userid":"alice"},`, n) + bad + `,{"userid":"no such"}]}`
		}
		for body, want := range map[string]int{
			items(17, `{"userid":"a b"}`): 17, items(0, `{"userid":"a b"}`): 0, // the domain's refusal
			items(3, `{"userid":"alice","ttl":99999999}`):  3,
			items(2, `{"userid":"alice","allow":"join"}`):  2,
			items(5, `{"userid":"alice","ttl":"long"}`):    5, // the description's
			items(12, `{"userid":""}`):                     12,
			items(4, `{"userid":"alice","room":{"id":0}}`): 4,
			`{"items":[]}`: -1, `{"items":[{"userid":"alice"}],"ttl":-1}`: -1,
		} {
			got := w.do(request{as: "issue", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs:batch", body: body})
			p := w.problem(got)
			if got.Code != http.StatusUnprocessableEntity || (p.Index == nil) != (want < 0) || want >= 0 && *p.Index != want {
				t.Errorf("%.60s: want %d, got %s", body, want, got.Body)
			}
		}
		got := w.do(request{as: "issue", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", body: `{"userid":"a b"}`})
		if p := w.problem(got); p.Index != nil {
			t.Errorf("no batch: %s", got.Body)
		}
	})
}

// A limit that is there and empty is a program's fault, and not the default.
func TestEmptyLimit(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for query, want := range map[string]int{
			"limit=": 422, "limit": 422, "limit=5&limit=": 422, "limit=x": 422, "limit=0": 422, "limit=201": 422, "limit=5": 200, "": 200, "cursor=": 200,
		} {
			for _, path := range []string{"/v1/apps", "/v1/audit", "/v1/apps/" + w.vars["app"] + "/audit", "/v1/operators"} {
				if got := w.do(request{as: "operator", method: "GET", path: path + "?" + query}); got.Code != want {
					t.Errorf("%s?%s: %d %s", path, query, got.Code, got.Body)
				}
			}
		}
	})
}
