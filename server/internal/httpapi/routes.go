package httpapi

import (
	"net/http"
	"strings"
	"time"

	"usersig/server/internal/access"
)

// who is what a caller has to bring.
type who uint8

const (
	prober    who = iota // nothing, as often as they like
	anybody              // nothing
	keyHolder            // an API key
	user                 // an API key, or a token of the application's identity provider
	admin                // the UserSig of an administrator of the application, and Tencent's manners
)

const (
	empty = 0
	small = 64 << 10
	large = 1 << 20

	quick = 5 * time.Second
	slow  = 30 * time.Second
	long  = 10 * time.Minute // an export of everything
)

// route is one row of the table.
type route struct {
	method, path string
	who          who
	action       access.Action // what is asked for; empty if nothing is that could be denied
	body         int64
	time         time.Duration
	id           string // its name in the API's description
	summary      string
	add          func(*server, *route)
	once         bool // takes an Idempotency-Key
}

func (rt *route) pattern() string { return rt.method + " " + rt.path }

// ofApp reports whether the route is about one application.
func (rt *route) ofApp() bool { return strings.Contains(rt.path, "{sdkappid}") }

// scope returns the scope that a credential of the application needs. The operator has
// them all.
func (rt *route) scope() access.Scope {
	for _, scope := range access.Scopes() {
		c := access.Caller{ID: "anyone", App: 1, Scopes: []access.Scope{scope}}
		if rt.ofApp() && c.May(rt.action, 1, "") {
			return scope
		}
	}
	return access.ScopeOperator
}

const (
	app   = "/v1/apps/{sdkappid}"
	aUser = app + "/users/{userid}"
	aRoom = app + "/rooms/{room}"
)

// table is the whole HTTP surface. What is not in it is not served.
func (s *server) table() []route {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []route{
		// method, path, who, action, body, time, id, summary, handler
		{get, "/healthz", prober, "", empty, quick, "health", "Whether the process runs", does(s.health), false},
		{get, "/readyz", prober, "", empty, quick, "ready", "Whether it can answer", does(s.ready), false},
		{get, "/openapi.json", anybody, "", empty, quick, "", "", serves(s.openAPIJSON), false},
		{get, "/openapi.yaml", anybody, "", empty, quick, "", "", serves(s.openAPIYAML), false},
		{get, "/docs", anybody, "", empty, quick, "", "", serves(s.docsPage), false},
		{get, "/{$}", anybody, "", empty, quick, "", "", serves(toDocs), false},
		{get, "/v1/me", keyHolder, "", empty, quick, "getMe", "Who the API key is", does(s.me), false},

		{post, "/v1/apps", keyHolder, access.CreateApp, small, slow, "createApp", "Create an application and its first key", makes(s.createApp), true},
		{get, "/v1/apps", keyHolder, access.ReadApp, empty, quick, "listApps", "List applications", does(s.listApps), false},
		{get, app, keyHolder, access.ReadApp, empty, quick, "getApp", "Read an application", does(s.getApp), false},
		{patch, app, keyHolder, access.UpdateApp, small, slow, "updateApp", "Rename, stop or start an application, or change its settings", does(s.updateApp), false},
		{del, app, keyHolder, access.DeleteApp, empty, slow, "deleteApp", "Delete an application that is stopped", does(s.deleteApp), false},

		{get, app + "/keys", keyHolder, access.ReadApp, empty, quick, "listKeys", "List keys, dead ones included", does(s.listKeys), false},
		{post, app + "/keys", keyHolder, access.ImportKey, small, slow, "importKey", "Add a public key of your own", makes(s.importKey), true},
		{post, app + "/keys/rotate", keyHolder, access.RotateKey, small, slow, "rotateKey", "Sign with a new key", does(s.rotateKey), true},
		{post, app + "/keys/{kid}/kill", keyHolder, access.KillKey, small, slow, "killKey", "End a key at once", does(s.killKey), true},
		{get, app + "/keys/{kid}/public_key", keyHolder, access.ReadApp, empty, quick, "getPublicKey", "Read a public key as PEM", does(s.publicKey), false},

		{post, app + "/usersigs", user, access.IssueUserSig, small, quick, "issueUserSig", "Issue a UserSig", does(s.issueUserSig), false},
		{post, app + "/usersigs:batch", keyHolder, access.IssueUserSig, large, slow, "issueBatch", "Issue up to 1,000 UserSigs and PrivateMapKeys", does(s.issueBatch), false},
		{post, app + "/privatemapkeys", keyHolder, access.IssueTicket, small, quick, "issuePrivateMapKey", "Issue a PrivateMapKey", does(s.issueTicket), false},
		{post, app + "/demo-config", keyHolder, access.IssueDemo, small, quick, "issueDemoConfig", "Make the demo config of TRTC's sample apps", does(s.demoConfig), false},
		{post, app + "/verify", keyHolder, access.Verify, small, quick, "verify", "Check a token", does(s.verify), false},

		{post, aUser + "/revoke", keyHolder, access.RevokeUser, empty, quick, "revokeUser", "Void every token a user was issued up to now", does(s.revoke), false},
		{put, aUser + "/block", keyHolder, access.BlockUser, small, quick, "blockUser", "Refuse a user until a time", does(s.block), false},
		{del, aUser + "/block", keyHolder, access.UnblockUser, empty, quick, "unblockUser", "End a block", does(s.unblock), false},

		{post, app + "/apikeys", keyHolder, access.CreateAPIKey, small, quick, "createAPIKey", "Create an API key for a back end", makes(s.createAPIKey), true},
		{get, app + "/apikeys", keyHolder, access.ReadAPIKey, empty, quick, "listAPIKeys", "List API keys", does(s.listAPIKeys), false},
		{del, app + "/apikeys/{id}", keyHolder, access.DeleteAPIKey, empty, quick, "deleteAPIKey", "End an API key", does(s.deleteAPIKey), false},
		{get, app + "/audit", keyHolder, access.ReadAudit, empty, long, "listAudit", "Read an application's audit log", does(s.auditOfApp), false},

		{get, app + "/rooms", keyHolder, access.ReadRoom, empty, quick, "listRooms", "List rooms that are open", does(s.listRooms), false},
		{get, aRoom + "/users", keyHolder, access.ReadRoom, empty, quick, "listRoomUsers", "List who is in a room", does(s.listRoomUsers), false},
		{del, aRoom + "/users/{userid}", keyHolder, access.RemoveUser, empty, quick, "removeUser", "Make a user leave a room", does(s.removeUser), false},
		{del, aRoom, keyHolder, access.DissolveRoom, empty, quick, "dissolveRoom", "Make everybody leave a room, and close it", does(s.dissolveRoom), false},

		{post, "/v1/operators", keyHolder, access.CreateAPIKey, small, quick, "createOperator", "Create an operator's API key", makes(s.createOperator), true},
		{get, "/v1/operators", keyHolder, access.ReadAPIKey, empty, quick, "listOperators", "List operators' API keys", does(s.listOperators), false},
		{del, "/v1/operators/{id}", keyHolder, access.DeleteAPIKey, empty, quick, "deleteOperator", "End an operator's API key", does(s.deleteOperator), false},
		{get, "/v1/audit", keyHolder, access.ReadAudit, empty, long, "listAllAudit", "Read the whole audit log", does(s.auditOfAll), false},

		{post, "/v4/im_open_login_svc/kick", admin, access.RevokeUser, small, quick, "kick", "Void a user's tokens, in the shape of Tencent's REST API", (*server).addKick, false},
	}
}
