package hook

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

var operator = access.Caller{ID: "apikey:operator", Scopes: []access.Scope{access.ScopeOperator}}

// world is a handler before a gate over a service with a store in memory, inside a
// synctest bubble. It has two applications.
type world struct {
	t          *testing.T
	svc        *issuer.Service
	gate       *gate.Gate
	hooks      *Handler
	mtx        *fakeAPI
	app, other uint32
	room       usersig.Room
	logs       lines
	secrets    []string

	mu   sync.Mutex
	fail error // what the store answers, if not nil; guarded by mu
}

func run(t *testing.T, f func(w *world)) { runWith(t, gate.Options{}, Options{}, f) }

func runWith(t *testing.T, g gate.Options, opts Options, f func(w *world)) {
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
		w := &world{t: t, room: usersig.Room{ID: 123}, mtx: &fakeAPI{conns: map[string]bool{}}}
		w.svc, err = issuer.New(t.Context(), memory.New(&memory.Hooks{Commit: func([]*audit.Entry) error { return w.failure() }, Read: w.failure}), kek, issuer.Options{})
		w.ok(err)
		defer w.svc.Close()
		w.ok(w.svc.Init(t.Context(), operator))
		w.app, w.other = w.create(issuer.Settings{Custody: "hosted", Scheme: "hmac"}), w.create(issuer.Settings{Custody: "hosted", Scheme: "hmac"})
		w.gate = gate.New(w.svc, g)
		opts.Gate, opts.Log, opts.transport = w.gate, slog.New(slog.NewTextHandler(&w.logs, nil)), w.mtx
		w.hooks, err = New(opts)
		w.ok(err)
		f(w)
		w.gate.Close()
		w.hooks.Close()
		for _, s := range w.secrets {
			if strings.Contains(w.logs.String(), s) {
				t.Errorf("the log has a secret:\n%s", &w.logs)
			}
		}
	})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fail
}

// storeGone makes the store answer with an error, until it is called with nil.
func (w *world) storeGone(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

func (w *world) create(s issuer.Settings) uint32 {
	w.t.Helper()
	made, err := w.svc.CreateApp(w.t.Context(), operator, issuer.NewApp{Name: "calls", Settings: s})
	w.ok(err)
	return made.App.ID
}

func (w *world) issue(app uint32, wish issuer.Wish) string {
	w.t.Helper()
	out, err := w.svc.Issue(w.t.Context(), operator, app, wish)
	w.ok(err)
	w.secrets = append(w.secrets, out.Token)
	return out.Token
}

func (w *world) sig(user string) string { return w.issue(w.app, issuer.Wish{UserID: user}) }

// forge signs a UserSig with a key that is not the application's.
func (w *world) forge(user string) string {
	w.t.Helper()
	secret, err := usersig.GenerateSecret()
	w.ok(err)
	signer, err := usersig.NewSigner(w.app, secret, nil)
	w.ok(err)
	sig, err := signer.Sign(usersig.Claims{UserID: user, TTL: time.Hour})
	w.ok(err)
	return sig
}

func (w *world) ticket(user string, room usersig.Room, allow usersig.Privilege) string {
	return w.issue(w.app, issuer.Wish{UserID: user, Grant: &usersig.Grant{Room: room, Allow: allow}})
}

func (w *world) revoke(user string) {
	w.t.Helper()
	_, err := w.svc.Revoke(w.t.Context(), operator, w.app, user)
	w.ok(err)
}

// stream is the name of a user's stream in the room.
func (w *world) stream(user string) string {
	return Stream{App: w.app, UserID: user, Room: w.room}.String()
}

// query writes pairs of names and values as a client's URL has them.
func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return q.Encode()
}

// post sends a body as an engine on this machine does.
func (w *world) post(path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4242"
	for _, f := range change {
		f(r)
	}
	reply := httptest.NewRecorder()
	w.hooks.ServeHTTP(reply, r)
	return reply
}

// nginx is a call of nginx-rtmp on connection number 1 of a client.
func (w *world) nginx(call, name, args string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.nginxOn("1", call, name, args)
}

func (w *world) nginxOn(id, call, name, args string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.post("/hooks/nginx-rtmp", nginxBody(id, call, name, args))
}

func nginxBody(id, call, name, args string) string {
	text := "app=live&flashver=FMLE/3.0%20(compatible%3B%20Lavf59.27&swfurl=&tcurl=rtmp://127.0.0.1/live&pageurl=&addr=192.0.2.9&clientid=" + id +
		"&call=" + call + "&name=" + url.QueryEscape(name)
	if args != "" {
		text += "&type=live&" + args
	}
	return text
}

const someID = "0f8fad5b-d9cb-469f-a165-70867728950e"

// mediamtx is a question of MediaMTX, with some fields different.
func (w *world) mediamtx(fields map[string]any) *httptest.ResponseRecorder {
	w.t.Helper()
	all := map[string]any{
		"ip": "192.0.2.9", "user": "", "password": "", "token": "", "action": "publish", "path": w.stream("alice"),
		"protocol": "rtmp", "id": someID, "query": "", "userAgent": "",
	}
	for k, v := range fields {
		all[k] = v
	}
	text, err := json.Marshal(all)
	w.ok(err)
	return w.post("/hooks/mediamtx", string(text))
}

// want checks the status of a reply and the reason of the refusal, if it is one.
func (w *world) want(reply *httptest.ResponseRecorder, status int, reason string) {
	w.t.Helper()
	var refusal usersig.Refusal
	if strings.HasPrefix(reply.Header().Get("Content-Type"), "application/json") {
		w.ok(json.Unmarshal(reply.Body.Bytes(), &refusal))
	}
	if reply.Code != status || refusal.Reason != reason {
		w.t.Errorf("the reply is %d %q, want %d %q: %s", reply.Code, refusal.Reason, status, reason, reply.Body)
	}
}

// moment lets what goes on by itself happen: the bubble's clock jumps.
func moment() {
	time.Sleep(time.Second)
	synctest.Wait()
}

// lines is a buffer that several goroutines write.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
