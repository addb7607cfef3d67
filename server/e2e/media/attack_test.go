package media_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"usersig"
	"usersig/server/internal/gate"
)

// paths are all that LiveKit's own server would answer, and other spellings of them.
func paths() []string {
	all := []string{
		"/rtc", "/rtc/v1", "/rtc/validate", "/rtc/v1/validate", "/rtc/", "/rtc/v1/", "/rtc/validate/", "//rtc", "/rtc//v1", "/rtc/./v1",
		"/x/../rtc", "/rtc/v1/../v1", "/%72tc", "/rtc%2Fv1", "/RTC", "/rtc/v0", "/rtc/v2", "/rtc;v1", "/rtc/check", "/rtc/renew",
		"/whip", "/whip/v1", "/whip/v1/x", "/rtc/whip", "/agent", "/agents", "/settings/regions", "/debug/pprof/", "/debug/goroutine", "/debug/rooms",
	}
	for _, call := range []string{
		"RoomService/CreateRoom", "RoomService/ListRooms", "RoomService/DeleteRoom", "RoomService/ListParticipants", "RoomService/RemoveParticipant",
		"RoomService/MutePublishedTrack", "RoomService/UpdateParticipant", "RoomService/UpdateSubscriptions", "RoomService/SendData",
		"RoomService/UpdateRoomMetadata", "AgentDispatchService/CreateDispatch", "Egress/StartRoomCompositeEgress", "Ingress/CreateIngress", "SIP/CreateSIPTrunk",
	} {
		all = append(all, "/twirp/livekit."+call, "/rtc/twirp/livekit."+call)
	}
	return all
}

// jwt is a token of LiveKit's with every right, signed by a key that LiveKit's users are
// known to have.
func jwt(t *testing.T, header, key, secret string, room string) string {
	t.Helper()
	enc := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"iss":%q,"sub":"mallory","nbf":1,"exp":4000000000,"video":{"roomJoin":true,"roomCreate":true,"roomList":true,"roomAdmin":true,"room":%q}}`, key, room)
	text := enc([]byte(header)) + "." + enc([]byte(claims))
	if strings.Contains(header, "none") {
		return text + "."
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + enc(mac.Sum(nil))
}

// tokens are what an attacker has in the hand.
func (a *app) tokens(t *testing.T) map[string]string {
	t.Helper()
	room, hs256 := gate.RoomName(a.id, lobby), `{"alg":"HS256","typ":"JWT"}`
	all := map[string]string{
		"nothing":             "",
		"a JWT with no key":   jwt(t, hs256, "", "", room),
		"a JWT of secret":     jwt(t, hs256, "secret", "secret", room),
		"a JWT of devkey":     jwt(t, hs256, "devkey", "secret", room),
		"a JWT of API":        jwt(t, hs256, "API", "APISecret", room),
		"a JWT without alg":   jwt(t, `{"alg":"none","typ":"JWT"}`, "devkey", "", room),
		"a JWT of the app":    jwt(t, hs256, fmt.Sprint(a.id), fmt.Sprint(a.id), room),
		"a bare UserSig":      a.sig("mallory", 0),
		"another user's":      gate.Credential{App: a.id, UserID: "mallory", Room: lobby, UserSig: a.sig("trent", 0)}.String(),
		"one of another room": gate.Credential{App: a.id, UserID: "mallory", Room: lobby, UserSig: a.sig("mallory", 0), PrivateMapKey: a.ticket("mallory", usersig.Room{ID: 7}, 255)}.String(),
		"the operator's":      a.w.Token,
	}
	sdk, err := auth.NewAccessToken("devkey", "secret").SetIdentity("mallory").SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: room}).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	all["a JWT by LiveKit"] = sdk
	return all
}

// places are where a token can be in a request.
var places = map[string]func(r *http.Request, token string){
	"header":        func(r *http.Request, s string) { r.Header.Set("Authorization", "Bearer "+s) },
	"header, lower": func(r *http.Request, s string) { r.Header["authorization"] = []string{"bearer " + s} },
	"query":         func(r *http.Request, s string) { addQuery(r, "access_token", s) },
	"cookie":        func(r *http.Request, s string) { r.Header.Set("Cookie", "access_token="+url.QueryEscape(s)) },
	"protocol":      func(r *http.Request, s string) { r.Header.Set("Sec-Websocket-Protocol", s) },
	"body": func(r *http.Request, s string) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		body := url.Values{"access_token": {s}}.Encode()
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	},
}

func addQuery(r *http.Request, name, value string) {
	q := r.URL.Query()
	q.Add(name, value)
	r.URL.RawQuery = q.Encode()
}

// knock sends a request that asks for a WebSocket. It returns the status and what the
// reply begins with.
func (w *world) knock(method, path string, change ...func(r *http.Request)) (int, string) {
	w.T.Helper()
	r, err := http.NewRequestWithContext(w.T.Context(), method, w.Base, nil)
	if err != nil {
		w.T.Fatal(err)
	}
	r.URL.Opaque = "//" + r.URL.Host + path // as it is
	r.URL.RawQuery = plain().Encode()
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	for _, c := range change {
		c(r)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.T.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp.StatusCode, ""
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		w.T.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestNoWayIn: no route, method, or place of a token leads to LiveKit without a good
// credential, and nobody in the room notices that somebody tried.
func TestNoWayIn(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	sid := c.alice.room.LocalParticipant.SID()
	with := func(token string, put func(*http.Request, string)) func(*http.Request) {
		return func(r *http.Request) { put(r, token) }
	}
	refused := func(what string, status int, body string) {
		t.Helper()
		redirect := status == http.StatusMovedPermanently || status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
		if status < 400 && !redirect || strings.Contains(body, "success") {
			t.Errorf("%s: %d %q", what, status, body)
		}
	}
	tokens, n := a.tokens(t), 0
	for _, path := range paths() {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			token := tokens["a JWT of devkey"]
			status, body := w.knock(method, path, with(token, places["header"]))
			refused(method+" "+path, status, body)
			n++
		}
	}
	for name, token := range tokens {
		for place, put := range places {
			for _, path := range []string{"/rtc", "/rtc/v1", "/rtc/validate", "/rtc/v1/validate"} {
				w.Pass(0)
				for _, resume := range []func(*http.Request){func(*http.Request) {}, resumes(t, sid)} {
					status, body := w.knock("GET", path, with(token, put), resume)
					refused(name+" in "+place+" at "+path, status, body)
					n++
				}
			}
		}
	}
	t.Logf("%d ways were tried", n)
	c.undisturbed(t)
}

// resumes makes a request one to come back to a session, in both protocols.
func resumes(t *testing.T, sid string) func(*http.Request) {
	t.Helper()
	wrapped := joinRequest(t, &livekit.JoinRequest{Reconnect: true, ParticipantSid: sid}).Get("join_request")
	return func(r *http.Request) {
		addQuery(r, "reconnect", "1")
		addQuery(r, "sid", sid)
		if strings.Contains(r.URL.Opaque, "/v1") {
			addQuery(r, "join_request", wrapped)
		}
	}
}

// TestGoodCredentialOtherRoute: what a good credential opens is /rtc and /rtc/v1, by GET,
// with the credential in one place, and nothing else of LiveKit's.
func TestGoodCredentialOtherRoute(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	elsewhere := usersig.Room{ID: 7}
	good := a.credential("mallory", elsewhere).String()
	header, query := places["header"], places["query"]
	join := func(r *http.Request) {
		addQuery(r, "join_request", joinRequest(t, &livekit.JoinRequest{ClientInfo: &livekit.ClientInfo{Protocol: 16}}).Get("join_request"))
	}
	for _, path := range paths() {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE"} {
			status, body := w.knock(method, path, func(r *http.Request) { header(r, good) }, join)
			entered, want := status == http.StatusSwitchingProtocols, method == "GET" && (path == "/rtc" || path == "/rtc/v1" || path == "/%72tc")
			if entered != want {
				t.Errorf("%s %s: %d %q", method, path, status, body)
			}
			if strings.HasPrefix(path, "/twirp") && status < 400 {
				t.Errorf("%s %s: %d %q", method, path, status, body)
			}
		}
	}
	for name, put := range map[string]func(*http.Request){
		"header and query": func(r *http.Request) { header(r, good); query(r, good) },
		"query twice":      func(r *http.Request) { query(r, good); query(r, good) },
		"header twice":     func(r *http.Request) { header(r, good); r.Header.Add("Authorization", "Bearer "+good) },
		"header, other scheme": func(r *http.Request) {
			r.Header.Set("Authorization", "Basic "+good)
		},
		"a JWT and a credential": func(r *http.Request) { header(r, a.tokens(t)["a JWT of devkey"]); query(r, good) },
		"a credential and a JWT": func(r *http.Request) { query(r, a.tokens(t)["a JWT of devkey"]); header(r, good) },
	} {
		if status, body := w.knock("GET", "/rtc", put); status != http.StatusUnauthorized {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	// What cannot become a connection is no visit.
	here := a.credential("mallory", lobby).String()
	for name, change := range map[string]func(*http.Request){
		"HEAD":        func(r *http.Request) { r.Method = "HEAD" },
		"no upgrade":  func(r *http.Request) { r.Header.Del("Upgrade") },
		"no key":      func(r *http.Request) { r.Header.Del("Sec-Websocket-Key") },
		"a short key": func(r *http.Request) { r.Header.Set("Sec-Websocket-Key", "AAAA") },
		"version 8":   func(r *http.Request) { r.Header.Set("Sec-Websocket-Version", "8") },
	} {
		if status, body := w.knock("GET", "/rtc", func(r *http.Request) { header(r, here) }, change); status < 400 {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	if status, body := w.knock("GET", "/rtc", func(r *http.Request) { places["header, lower"](r, good) }); status != http.StatusSwitchingProtocols {
		t.Errorf("header names have no case: %d %q", status, body)
	}
	c.undisturbed(t)
}
