package httpapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// documents are what the API says of itself. They are made once: nothing in them
// changes.
type documents struct {
	json, yaml, page *document
	policy           string // the page's Content-Security-Policy
}

const about = `Issue and check UserSigs and PrivateMapKeys, and manage the applications and keys behind them.

Send an API key as ` + "`Authorization: Bearer usk_…`" + `. Times are RFC 3339, and lives are in seconds. Members that
are not described are refused. What fails is answered with a problem document (RFC 9457): branch on its reason, and
on the reason or code of its refusal if it has one. Refusals are in Chinese for ` + "`Accept-Language: zh`" + `. Lists have a
cursor: repeat the request with next as cursor until there is none. X-Request-Id is returned, and made if you send
none.`

// descriptions are what a summary does not say, by the ID of the operation.
var descriptions = map[string]string{ //nolint:gosec // G101: they speak of secrets and hold none
	"createApp":          "With custody none, the reply holds keys.zip: it is the only copy of the private key. With hosted, the private key is sealed here and signs for the API, and leaves it never. An application with scheme hmac is hosted; the reply holds its SECRETKEY.",
	"updateApp":          "What is left out stays. A change of scheme, curve or custody takes effect with the next rotation. A stopped application issues nothing, and its tokens are refused.",
	"deleteApp":          "Its tokens are void, its keys are dead, and its number is never used again.",
	"importKey":          "The private half stays where it is. The key verifies at once. Whether it becomes the signing key is for you to say, and never if the application is hosted: the server could not sign with it.",
	"rotateKey":          "The old key goes on verifying for the overlap, so that nobody notices: by default until the longest token has ended that it can have signed, under the settings of then. If a key was prepared, or imported with sign_next, it is the one that signs now.",
	"killKey":            "For a key that has leaked: every token it signed is void now, and the sessions that it opened end, unless keep_sessions says otherwise. With replace, another one takes over in the same step.",
	"issueUserSig":       "The application's custody has to be hosted. A signed-in user of the application's OpenID Connect provider can send the provider's token in place of an API key, and gets a UserSig of their own.",
	"issueBatch":         "All of the items, or none. An item with a room is a PrivateMapKey.",
	"issuePrivateMapKey": "Rights in one room. It proves nothing about who brings it: that is what the UserSig beside it does.",
	"issueDemoConfig":    "The reply is the file, byte for byte as Tencent's console wrote it. Whoever has it is its users until the tokens end.",
	"verify":             "The server's own verdict: its keys, revocations, blocks and settings, and not cryptography alone. Good or not, the status is 200, and ok says which. Say where the user's request came from, as source: only then are failed checks counted, by application, user and source, and too many of them locked out for a minute. Your own address would be all of your users', and whoever sends you bad tokens could lock out any of them.",
	"revokeUser":         "What was issued up to now stops working, and what is issued after the reply works. Times in tokens are whole seconds, so the reply comes when the second is over: after half a second as a rule, a second at most, however often the user is revoked in it. A token that is asked for in that second comes when it is over, too. The revocation itself is in effect at once. Whoever may not come back has to be blocked too.",
	"blockUser":          "Refused whatever tokens they have, until then.",
	"createAPIKey":       "For a back end of the application. Give it the scopes that it needs, and no others.",
	"deleteOperator":     "It ends at once. The last one stays: make another one first.",
	"listAudit":          "Send Accept: application/x-ndjson for everything from the cursor on, as JSON lines. Each hash covers the entry before in the whole log, so that a part of it cannot be checked alone.",
	"listAllAudit":       "Send Accept: application/x-ndjson for everything from the cursor on, as JSON lines. The entries are a chain: each hash covers the entry before.",
	"kick":               "For back ends that call Tencent's already: the query says who asks, by an administrator's UserSig, and the HTTP status is 200 whatever happens. The UserSig can come as Authorization: Bearer, which keeps it out of the logs of proxies. The administrators are in the application's settings. A UserSig that is issued after the reply works.",
}

// tag is the part of the description that a route belongs to.
func (rt *route) tag() string {
	rest := strings.TrimPrefix(strings.TrimPrefix(rt.path, app), "/v1")
	switch part, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/"); {
	case rt.who == prober, part == "me":
		return "server"
	case rt.who == admin, part == "users":
		return "users"
	case rt.path == "/v1/apps", rt.path == app:
		return "applications"
	case part == "keys":
		return "keys"
	case part == "apikeys", part == "operators":
		return "credentials"
	case part == "audit":
		return "audit"
	}
	return "tokens"
}

// describe completes the description of what was added, and writes it down.
func (s *server) describe() documents {
	doc := s.api.OpenAPI()
	s.describeBodies(doc)
	// The library's own type of errors, which it names where an operation names no
	// problems.
	delete(doc.Paths["/v4/im_open_login_svc/kick"].Post.Responses, "default")
	delete(doc.Components.Schemas.Map(), "ErrorModel")
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err) // of our own types only
	}
	yaml, err := doc.YAML()
	if err != nil {
		panic(err)
	}
	page, policy := s.page(doc)
	return documents{newDocument(text), newDocument(yaml), newDocument(page), policy}
}

// describeBodies describes the replies that are not made of a struct.
func (s *server) describeBodies(doc *huma.OpenAPI) {
	text := &huma.Schema{Type: huma.TypeString}
	reply := func(path string) map[string]*huma.MediaType {
		op := doc.Paths[path].Get
		if op == nil {
			op = doc.Paths[path].Post
		}
		op.Responses["200"].Content = make(map[string]*huma.MediaType)
		return op.Responses["200"].Content
	}
	for _, path := range []string{app + "/audit", "/v1/audit"} {
		content := reply(path)
		content["application/json"] = &huma.MediaType{Schema: s.schema(entryList{})}
		content[ndjson] = &huma.MediaType{Schema: s.schema(entryView{})}
	}
	reply(app + "/keys/{kid}/public_key")["application/x-pem-file"] = &huma.MediaType{Schema: text}
	reply(app + "/demo-config")["application/json"] = &huma.MediaType{Schema: s.schema(demoView{})}
}

// demoView is the form of the demo config, which is not ours to choose.
type demoView struct {
	AppID uint32     `json:"sdkappid" format:"int64"`
	Users []demoUser `json:"users"`
}

type demoUser struct {
	UserID string `json:"userId"`
	Token  string `json:"userToken" doc:"A UserSig"`
}

// named names a schema after its Go type.
func named(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if name == "View" {
		return name
	}
	return strings.TrimSuffix(name, "View")
}

func (s *server) openAPIJSON(w http.ResponseWriter, r *http.Request) {
	s.docs.json.send(w, r, "application/vnd.oai.openapi+json;version=3.1")
}

func (s *server) openAPIYAML(w http.ResponseWriter, r *http.Request) {
	s.docs.yaml.send(w, r, "application/vnd.oai.openapi;version=3.1")
}

func (s *server) docsPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", s.docs.policy)
	s.docs.page.send(w, r, "text/html; charset=utf-8")
}

// toDocs is for who has nothing but the address.
func toDocs(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/docs", http.StatusFound) }
