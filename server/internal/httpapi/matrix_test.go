package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"usersig/server/internal/access"
)

// rule is what a route needs, and a request for it that is good.
type rule struct {
	allowed string // the credentials that it takes
	body    string
}

// rules say of every route that is described who may use it. They are written down here
// a second time, so that no slip in the table opens a door.
var rules = map[string]rule{
	"health":             {"nobody issue verify revoke read stranger operator user", ""},
	"ready":              {"nobody issue verify revoke read stranger operator user", ""},
	"getMe":              {"issue verify revoke read stranger operator", ""},
	"createApp":          {"operator", `{"name":"x"}`},
	"listApps":           {"operator", ""},
	"getApp":             {"read operator", ""},
	"updateApp":          {"operator", `{"name":"x"}`},
	"deleteApp":          {"operator", ""},
	"listKeys":           {"read operator", ""},
	"importKey":          {"operator", `{"public_key":"$public_pem"}`},
	"rotateKey":          {"operator", ""},
	"killKey":            {"operator", `{"reason":"x"}`},
	"getPublicKey":       {"read operator", ""},
	"issueUserSig":       {"issue operator user", `{"userid":"alice"}`},
	"issueBatch":         {"issue operator", `{"items":[{"userid":"alice"}]}`},
	"issuePrivateMapKey": {"issue operator", `{"userid":"alice","room":{"id":7}}`},
	"issueDemoConfig":    {"issue operator", ""},
	"verify":             {"verify operator", `{"token":"x","userid":"alice"}`},
	"revokeUser":         {"revoke operator", ""},
	"blockUser":          {"revoke operator", `{"until":"2001-01-01T00:00:00Z"}`},
	"unblockUser":        {"revoke operator", ""},
	"createAPIKey":       {"operator", `{"name":"x","scopes":["read"]}`},
	"listAPIKeys":        {"read operator", ""},
	"deleteAPIKey":       {"operator", ""},
	"listAudit":          {"read operator", ""},
	"listRooms":          {"read operator", ""},
	"listRoomUsers":      {"read operator", ""},
	"removeUser":         {"revoke operator", ""},
	"dissolveRoom":       {"revoke operator", ""},
	"createOperator":     {"operator", `{"name":"x"}`},
	"listOperators":      {"operator", ""},
	"deleteOperator":     {"operator", ""},
	"listAllAudit":       {"operator", ""},
	"kick":               {"nobody issue verify revoke read stranger operator user", `{"Identifier":"alice"}`},
}

// path returns a path that a route matches, with what exists in the world.
func (w *world) path(rt *route) string {
	return strings.NewReplacer("{$}", "", "{sdkappid}", w.vars["app"], "{kid}", w.vars["app_key"], "{userid}", "alice", "{room}", "n7", "{id}", "0123456789abcdef").Replace(rt.path)
}

func TestWhoMay(t *testing.T) {
	known := maps.Clone(rules)
	for _, rt := range (&server{}).table() {
		if rt.id == "" {
			continue
		}
		rule, ok := known[rt.id]
		if !ok {
			t.Errorf("no rule for %s", rt.pattern())
		}
		delete(known, rt.id)
		t.Run(rt.id, func(t *testing.T) { whoMay(t, &rt, rule) })
	}
	for id := range known {
		t.Errorf("there is a rule for %s, but no route", id)
	}
}

func whoMay(t *testing.T, rt *route, rule rule) {
	allowed := strings.Fields(rule.allowed)
	run(t, Options{}, func(w *world) {
		// What denies comes first: what is allowed may delete the credentials.
		everybody := []string{"nobody", "stranger", "user", "issue", "verify", "revoke", "read", "operator"}
		slices.SortStableFunc(everybody, func(a, b string) int {
			return strings.Compare(fmt.Sprint(slices.Contains(allowed, a)), fmt.Sprint(slices.Contains(allowed, b)))
		})
		for _, as := range everybody {
			got := w.do(request{as: as, method: rt.method, path: w.path(rt), body: w.known(rule.body)})
			if err := judge(got, as, slices.Contains(allowed, as)); err != nil {
				t.Errorf("%s as %s: %v: %s", rt.pattern(), as, err, got.Body)
			}
		}
	})
}

func judge(got *httptest.ResponseRecorder, as string, allowed bool) error {
	want := http.StatusForbidden
	if as == "nobody" || as == "user" {
		want = http.StatusUnauthorized
	}
	switch {
	case allowed && (got.Code == http.StatusUnauthorized || got.Code == http.StatusForbidden || got.Code >= 500 || got.Code == http.StatusUnprocessableEntity):
		return fmt.Errorf("status %d", got.Code)
	case !allowed && got.Code != want:
		return fmt.Errorf("status %d, want %d", got.Code, want)
	case !allowed && want == http.StatusUnauthorized && got.Header().Get("WWW-Authenticate") == "":
		return fmt.Errorf("no WWW-Authenticate")
	}
	return nil
}

func TestScopesAreDescribed(t *testing.T) {
	for _, rt := range (&server{}).table() {
		want := access.ScopeOperator
		for _, scope := range access.Scopes() {
			if slices.Contains(strings.Fields(rules[rt.id].allowed), string(scope)) {
				want = scope
			}
		}
		if rt.action != "" && rt.who != admin && rt.scope() != want {
			t.Errorf("%s is described with scope %s, want %s", rt.pattern(), rt.scope(), want)
		}
	}
}
