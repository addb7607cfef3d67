package turn

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/custody"
	"usersig/server/internal/door"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

func TestMint(t *testing.T) {
	// printf %s 1790000000:bob | openssl dgst -sha1 -hmac s3cr3t -binary | base64
	want := Credentials{"1790000000:bob", "1H8nvMoxPbTPnjRzKEyxlyOXv5I="}
	if got := Mint([]byte("s3cr3t"), "bob", time.Unix(1790000000, 0)); got != want {
		t.Errorf("Mint = %+v, want %+v", got, want)
	}
}

func TestName(t *testing.T) {
	seen := map[string]string{}
	for _, who := range []struct {
		secret string
		app    uint32
		user   string
	}{
		{"a", 1, "alice"}, {"a", 1, "bob"}, {"a", 11, "alice"}, {"a", 1, "1\nalice"}, {"b", 1, "alice"}, {"a", 1, "张三"},
	} {
		name := Name([]byte(who.secret), who.app, who.user)
		if other := seen[name]; other != "" || len(name) != 16 || strings.Contains(name, ":") {
			t.Errorf("Name(%v) = %q, which %q has too, or is not plain", who, name, other)
		}
		seen[name] = who.user
		if again := Name([]byte(who.secret), who.app, who.user); again != name {
			t.Errorf("Name(%v) = %q and %q", who, name, again)
		}
	}
}

var operator = access.Caller{ID: "apikey:operator", Scopes: []access.Scope{access.ScopeOperator}}

// world is a handler before a gate, inside a synctest bubble.
type world struct {
	t     *testing.T
	svc   *issuer.Service
	turn  *Handler
	app   uint32
	reply *httptest.ResponseRecorder // the last
	let   door.Let
}

func run(t *testing.T, f func(w *world)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	kek, err := custody.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, let: door.Anybody}
		w.svc, err = issuer.New(t.Context(), memory.New(nil), kek, issuer.Options{})
		w.ok(err)
		defer w.svc.Close()
		w.ok(w.svc.Init(t.Context(), operator))
		made, err := w.svc.CreateApp(t.Context(), operator, issuer.NewApp{Name: "calls", Settings: issuer.Settings{Custody: "hosted"}})
		w.ok(err)
		w.app = made.App.ID
		g := gate.New(w.svc, gate.Options{})
		defer g.Close()
		w.turn = NewHandler(Options{
			Gate: g, Origins: door.Origins{Listed: func() []string { return []string{"https://app.example"} }},
			Let: func(r *http.Request) (func(bool), error) { return w.let(r) },
			Servers: []Server{
				{URLs: []string{"turn:a.example:3478"}, Secret: []byte("first")},
				{URLs: []string{"turns:b.example:5349"}, Secret: []byte("second"), TTL: time.Minute},
			},
			Source: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.9") },
		})
		f(w)
	})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) credential(user string, ttl time.Duration) string {
	w.t.Helper()
	out, err := w.svc.Issue(w.t.Context(), operator, w.app, issuer.Wish{UserID: user, TTL: ttl})
	w.ok(err)
	return gate.Credential{App: w.app, UserID: user, Room: usersig.Room{ID: 123}, UserSig: out.Token}.String()
}

// ask sends a request with a credential and more headers.
func (w *world) ask(method, credential string, headers ...string) (status int, out reply) {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "/turn", nil)
	if credential != "" {
		r.Header.Set("Authorization", "Bearer "+credential)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w.reply = httptest.NewRecorder()
	w.turn.ServeHTTP(w.reply, r)
	if w.reply.Code == http.StatusOK {
		w.ok(json.Unmarshal(w.reply.Body.Bytes(), &out))
	}
	return w.reply.Code, out
}

func (w *world) refused(status int, reason string) {
	w.t.Helper()
	var got usersig.Refusal
	if err := json.Unmarshal(w.reply.Body.Bytes(), &got); err != nil || w.reply.Code != status || got.Reason != reason {
		w.t.Errorf("the reply is %d %s, want %d and %s", w.reply.Code, w.reply.Body, status, reason)
	}
}

func TestHandler(t *testing.T) {
	run(t, func(w *world) {
		status, got := w.ask("POST", w.credential("alice", time.Hour*24))
		if status != http.StatusOK || w.reply.Header().Get("Cache-Control") != "no-store" {
			w.t.Fatalf("the reply is %d %v", status, w.reply.Header())
		}
		name := Name([]byte("first"), w.app, "alice")
		first := Mint([]byte("first"), name, time.Now().Add(time.Hour))
		second := Mint([]byte("second"), Name([]byte("second"), w.app, "alice"), time.Now().Add(time.Minute))
		want := reply{first, 3600, []string{"turn:a.example:3478"}, []iceServer{
			{[]string{"turn:a.example:3478"}, first.Username, first.Password},
			{[]string{"turns:b.example:5349"}, second.Username, second.Password},
		}}
		if !reflect.DeepEqual(got, want) {
			w.t.Errorf("the reply is %+v, want %+v", got, want)
		}
		for _, key := range []string{`"username":`, `"password":`, `"ttl":3600`, `"uris":`} {
			if !strings.Contains(w.reply.Body.String(), key) {
				w.t.Errorf("the reply has no %s: %s", key, w.reply.Body)
			}
		}
	})
}

// Credentials must not be good for longer than the proof that got them.
func TestHandlerTTL(t *testing.T) {
	run(t, func(w *world) {
		c := w.credential("alice", 10*time.Minute)
		for _, test := range []struct{ after, want time.Duration }{
			{0, 10*time.Minute + usersig.DefaultLeeway},
			{10 * time.Minute, usersig.DefaultLeeway},
			{usersig.DefaultLeeway, time.Second},
		} {
			time.Sleep(test.after)
			_, got := w.ask("POST", c)
			if got.TTL != int64(test.want/time.Second) || !strings.HasPrefix(got.Username, strconv.FormatInt(time.Now().Add(test.want).Unix(), 10)+":") {
				w.t.Errorf("the TTL is %d with %q, want %v", got.TTL, got.Username, test.want)
			}
		}
		time.Sleep(time.Second)
		w.ask("POST", c)
		w.refused(401, "expired")
	})
}

func TestHandlerRefuses(t *testing.T) {
	run(t, func(w *world) {
		good := w.credential("alice", time.Hour)
		w.ask("POST", "")
		w.refused(401, "empty")
		w.ask("POST", "", "Authorization", "Basic "+good)
		w.refused(401, "empty")
		w.ask("POST", good, "Authorization", "Bearer "+good)
		w.refused(401, "empty")
		w.ask("POST", good[:len(good)-10])
		w.refused(401, "malformed")
		w.ask("POST", strings.Replace(good, ".YWxpY2U.", ".Ym9i.", 1))
		w.refused(401, "user_mismatch")
		_, err := w.svc.Revoke(w.t.Context(), operator, w.app, "alice")
		w.ok(err)
		w.ask("POST", good, "Accept-Language", "zh-CN")
		w.refused(401, "revoked")
		if !strings.Contains(w.reply.Body.String(), "UserSig 已被失效") {
			w.t.Errorf("the refusal is not in Chinese: %s", w.reply.Body)
		}
		if status, _ := w.ask("GET", good); status != http.StatusMethodNotAllowed {
			w.t.Errorf("GET: %d", status)
		}
	})
}

func TestHandlerOrigins(t *testing.T) {
	run(t, func(w *world) {
		good := w.credential("alice", time.Hour)
		for _, test := range []struct {
			method, origin string
			status         int
			allowed        string
		}{
			{"POST", "https://app.example", 200, "https://app.example"},
			{"OPTIONS", "https://app.example", 204, "https://app.example"},
			{"POST", "http://example.com", 200, "http://example.com"}, // its own
			{"POST", "https://evil.example", 403, ""},
			{"OPTIONS", "https://evil.example", 403, ""},
			{"POST", "null", 403, ""},
		} {
			status, _ := w.ask(test.method, good, "Origin", test.origin)
			if allowed := w.reply.Header().Get("Access-Control-Allow-Origin"); status != test.status || allowed != test.allowed {
				w.t.Errorf("%s from %s: %d, allowed %q, want %d, %q", test.method, test.origin, status, allowed, test.status, test.allowed)
			}
		}
	})
}

// Whoever has no credential must not make the server verify as much as it can.
func TestHandlerLimits(t *testing.T) {
	run(t, func(w *world) {
		good := w.credential("alice", time.Hour)
		var ended []bool
		w.let = func(*http.Request) (func(bool), error) {
			return func(proved bool) { ended = append(ended, proved) }, nil
		}
		for _, c := range []string{good, "", good[:len(good)-10]} {
			w.ask("POST", c)
		}
		if !slices.Equal(ended, []bool{true, false, false}) {
			t.Errorf("proved: %v", ended)
		}
		w.let = func(*http.Request) (func(bool), error) {
			return nil, &door.Later{Status: http.StatusTooManyRequests, After: 1500 * time.Millisecond}
		}
		status, _ := w.ask("POST", good, "Origin", "https://app.example")
		h := w.reply.Header()
		if status != http.StatusTooManyRequests || h.Get("Retry-After") != "2" || h.Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("one too many: %d %v", status, h)
		}
	})
}

// Nobody asks here with a body, and what there is of one is not waited for.
func TestHandlerTakesNoBody(t *testing.T) {
	run(t, func(w *world) {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/turn", strings.NewReader("x"))
		r.Header.Set("Authorization", "Bearer "+w.credential("alice", time.Hour))
		got := httptest.NewRecorder()
		w.turn.ServeHTTP(got, r)
		if got.Code != http.StatusBadRequest || !strings.HasPrefix(got.Body.String(), "usersig") {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
}
