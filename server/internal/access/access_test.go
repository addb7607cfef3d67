package access_test

import (
	"testing"

	"usersig/server/internal/access"
)

var actions = []access.Action{
	access.CreateApp, access.ReadApp, access.UpdateApp, access.DeleteApp, access.RotateKey, access.KillKey, access.ImportKey,
	access.IssueUserSig, access.IssueTicket, access.IssueDemo, access.Verify, access.RevokeUser, access.BlockUser,
	access.UnblockUser, access.CreateAPIKey, access.ReadAPIKey, access.DeleteAPIKey, access.ReadAudit,
}

// TestMay lists, for each kind of caller, all that they may do in their own
// application. Whatever is not listed is denied, and all of it elsewhere.
func TestMay(t *testing.T) {
	const own, other = 1400000000, 1400000001
	scoped := func(s ...access.Scope) access.Caller { return access.Caller{ID: "apikey:1", App: own, Scopes: s} }
	for name, c := range map[string]struct {
		caller access.Caller
		may    []access.Action
		also   bool // in another application too
	}{
		"nobody":             {access.Caller{Scopes: []access.Scope{access.ScopeOperator}}, nil, false},
		"operator":           {access.Caller{ID: "apikey:0", Scopes: []access.Scope{access.ScopeOperator}}, actions, true},
		"operator of an app": {scoped(access.ScopeOperator), nil, false},
		"issue":              {scoped(access.ScopeIssue), []access.Action{access.IssueUserSig, access.IssueTicket, access.IssueDemo}, false},
		"verify":             {scoped(access.ScopeVerify), []access.Action{access.Verify}, false},
		"revoke":             {scoped(access.ScopeRevoke), []access.Action{access.RevokeUser, access.BlockUser, access.UnblockUser}, false},
		"read":               {scoped(access.ScopeRead), []access.Action{access.ReadApp, access.ReadAPIKey, access.ReadAudit}, false},
		"no scope":           {scoped(), nil, false},
		"scope without app":  {access.Caller{ID: "apikey:2", Scopes: access.Scopes()}, nil, false},
		"user":               {access.Caller{ID: "user:alice", App: own, UserID: "alice", Scopes: access.Scopes()}, []access.Action{access.IssueUserSig}, false},
	} {
		t.Run(name, func(t *testing.T) {
			allowed := map[access.Action]bool{}
			for _, a := range c.may {
				allowed[a] = true
			}
			for _, a := range actions {
				if got := c.caller.May(a, own, "alice"); got != allowed[a] {
					t.Errorf("%s in the own application: %v", a, got)
				}
				if got := c.caller.May(a, other, "alice"); got != (allowed[a] && c.also) {
					t.Errorf("%s elsewhere: %v", a, got)
				}
				if got := c.caller.May(a, 0, ""); got != (allowed[a] && c.also) {
					t.Errorf("%s on the platform: %v", a, got)
				}
			}
		})
	}
}

// A signed-in user is issued a UserSig for themselves only.
func TestUserForThemselvesOnly(t *testing.T) {
	alice := access.Caller{ID: "user:alice", App: 1, UserID: "alice"}
	if !alice.May(access.IssueUserSig, 1, "alice") || alice.May(access.IssueUserSig, 1, "bob") || alice.May(access.IssueUserSig, 1, "") {
		t.Error("a user may act for another")
	}
}

func TestKnown(t *testing.T) {
	for _, c := range []struct {
		caller access.Caller
		want   bool
	}{
		{access.Caller{}, false},
		{access.Caller{ID: "apikey:1"}, false},
		{access.Caller{ID: "apikey:1", Scopes: access.Scopes()}, false},
		{access.Caller{App: 1, Scopes: access.Scopes()}, false},
		{access.Caller{ID: "apikey:1", App: 1}, true},
		{access.Caller{ID: "user:alice", App: 1, UserID: "alice"}, true},
		{access.Caller{ID: "apikey:1", Scopes: []access.Scope{access.ScopeOperator}}, true},
	} {
		if got := c.caller.Known(); got != c.want {
			t.Errorf("%+v is known: %v, want %v", c.caller, got, c.want)
		}
	}
}
