package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

// world is the API over a service with a store in memory, inside a synctest bubble:
// its clock stands still unless everybody waits. It has two applications that are
// hosted, and a credential of every kind.
type world struct {
	t       *testing.T
	api     *server
	svc     *issuer.Service
	store   *memory.Store
	logs    bytes.Buffer
	trouble atomic.Pointer[error] // what the store answers, if not nil
	secrets []string
	vars    map[string]string // for scripts
	keys    map[string]string // credentials by name
	seen    []seen
}

// seen is what Observe was told.
type seen struct{ route, outcome string }

var root = access.Caller{ID: "apikey:root", Scopes: []access.Scope{access.ScopeOperator}}

// run runs f in a bubble with a fresh world.
func run(t *testing.T, opts Options, f func(w *world)) {
	t.Helper()
	kek := newKEK(t)
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, vars: map[string]string{}, keys: map[string]string{"nobody": ""}}
		w.fail(nil)
		fail := func() error { return *w.trouble.Load() }
		w.store = memory.New(&memory.Hooks{Commit: func([]*audit.Entry) error { return fail() }, Read: fail})
		var err error
		w.svc, err = issuer.New(t.Context(), w.store, kek, issuer.Options{})
		w.ok(err)
		defer w.svc.Close()
		w.ok(w.svc.Init(t.Context(), root))
		opts.Log = slog.New(slog.NewJSONHandler(&w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		opts.Observe = func(route, outcome string, _ time.Duration) { w.seen = append(w.seen, seen{route, outcome}) }
		if opts.Identity == nil {
			opts.Identity = identities{}
			opts.IsOutage = func(err error) bool { return errors.Is(err, errOutage) }
		}
		w.api = newServer(w.svc, opts)
		w.populate()
		f(w)
		w.fail(nil)
		w.checkLogs()
	})
}

func newKEK(t testing.TB) custody.KEK {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	kek, err := custody.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

// fail makes the store answer with an error, or with nil work again.
func (w *world) fail(err error) { w.trouble.Store(&err) }

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// identities is a provider of which the token a.<user>.z is good.
type identities struct{}

var errOutage = errors.New("provider is down")

func (identities) Authenticate(_ context.Context, _ issuer.OIDC, token string) (string, error) {
	parts := strings.Split(token, ".")
	if parts[0] == "down" {
		return "", errOutage
	}
	if parts[0] != "a" || parts[2] != "z" {
		return "", errors.New("no")
	}
	return parts[1], nil
}

func (w *world) populate() {
	for _, name := range []string{"app", "other"} {
		settings := issuer.Settings{Custody: "hosted", Admins: []string{"administrator"}}
		if name == "app" {
			settings.OIDC = &issuer.OIDC{Issuer: "https://id.example", Audience: "demo"}
		}
		made, err := w.svc.CreateApp(w.t.Context(), root, issuer.NewApp{Name: name, Settings: settings})
		w.ok(err)
		w.vars[name], w.vars[name+"_key"] = strconv.FormatUint(uint64(made.App.ID), 10), made.Key.ID
	}
	app := w.app("app")
	w.credential("operator", issuer.Platform, access.ScopeOperator)
	for _, scope := range access.Scopes() {
		w.credential(string(scope), app, scope)
	}
	w.credential("all", app, access.Scopes()...)
	w.credential("stranger", w.app("other"), access.Scopes()...)
	w.keys["user"] = "a.alice.z"
	key, err := usersig.GenerateKey(usersig.P256)
	w.ok(err)
	// As it stands in JSON.
	w.vars["public_pem"] = strings.ReplaceAll(string(key.Public().EncodePEM()), "\n", `\n`)
	w.vars["public_id"] = key.ID()
}

func (w *world) app(name string) uint32 {
	n, err := strconv.ParseUint(w.vars[name], 10, 32)
	w.ok(err)
	return uint32(n)
}

func (w *world) credential(name string, app uint32, scopes ...access.Scope) {
	time.Sleep(time.Nanosecond) // in the bubble: lists are in the order of creation
	k, text, err := w.svc.CreateAPIKey(w.t.Context(), root, app, issuer.NewAPIKey{Name: name, Scopes: scopes})
	w.ok(err)
	w.keys[name], w.vars[name+"_id"] = text, k.ID
	w.secrets = append(w.secrets, text, strings.SplitN(text, "_", 3)[2])
}

// request is one request of a test.
type request struct {
	as, method, path string
	header           http.Header
	body             string
	from             string // address
}

// do sends a request and checks what holds for every reply.
func (w *world) do(q request) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), q.method, q.path, strings.NewReader(q.body))
	r.RemoteAddr = "192.0.2.1:4242"
	if q.from != "" {
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(q.from), 4242).String()
	}
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if text := w.keys[q.as]; text != "" {
		r.Header.Set("Authorization", "Bearer "+text)
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	got := httptest.NewRecorder()
	w.api.ServeHTTP(got, r)
	w.check(r, got)
	return got
}

// check holds for every reply: its status and content are described, its body is what
// the schema says, it is not stored, and its secrets are not in the logs.
func (w *world) check(r *http.Request, got *httptest.ResponseRecorder) {
	w.t.Helper()
	what := r.Method + " " + r.URL.Path + ": " + strconv.Itoa(got.Code)
	if got.Header().Get("Cache-Control") != "no-store" || got.Header().Get("X-Request-Id") == "" {
		w.t.Errorf("%s: headers %v", what, got.Header())
	}
	contentType, _, _ := strings.Cut(got.Header().Get("Content-Type"), ";")
	if contentType == "application/problem+json" {
		w.validate(what, w.api.schema(problem{}), got.Body.Bytes())
	}
	w.remember(got.Body.Bytes())
	rt := w.api.routes[w.seen[len(w.seen)-1].route]
	if rt == nil || rt.id == "" || r.Method == http.MethodOptions {
		return
	}
	described := (&view{doc: w.api.api.OpenAPI()}).operation(rt).Responses[strconv.Itoa(got.Code)]
	switch {
	case described == nil:
		w.t.Errorf("%s is not described", what)
	case got.Body.Len() == 0 && len(described.Content) == 0:
	case described.Content[contentType] == nil:
		w.t.Errorf("%s: content type %q is not described", what, contentType)
	case strings.HasSuffix(contentType, "json") && contentType != ndjson:
		w.validate(what, described.Content[contentType].Schema, got.Body.Bytes())
	}
}

func (w *world) validate(what string, s *huma.Schema, text []byte) {
	w.t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		w.t.Errorf("%s: %v: %s", what, err, text)
		return
	}
	var res huma.ValidateResult
	huma.Validate(w.api.api.OpenAPI().Components.Schemas, s, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &res)
	for _, err := range res.Errors {
		w.t.Errorf("%s: the reply is not what its schema says: %v", what, err)
	}
}

// remember notes what must never be in a log.
func (w *world) remember(text []byte) {
	var v map[string]any
	if json.Unmarshal(text, &v) != nil {
		return
	}
	for _, name := range []string{"usersig", "privatemapkey", "keys_zip", "secret_key", "secret"} {
		if s, ok := v[name].(string); ok {
			w.secrets = append(w.secrets, s)
		}
	}
}

func (w *world) checkLogs() {
	w.t.Helper()
	logs := w.logs.String()
	for _, secret := range append(w.secrets, "Bearer", "usk_", "usersig=", "PRIVATE KEY", "a.alice.z") {
		if strings.Contains(logs, secret) {
			w.t.Errorf("the log holds %.20q: %s", secret, logs)
		}
	}
}

// problem reads the problem document of a reply.
func (w *world) problem(got *httptest.ResponseRecorder) problem {
	w.t.Helper()
	var p problem
	if err := json.Unmarshal(got.Body.Bytes(), &p); err != nil || got.Header().Get("Content-Type") != "application/problem+json" {
		w.t.Fatalf("no problem document: %d %s", got.Code, got.Body)
	}
	if p.Status != got.Code || p.RequestID != got.Header().Get("X-Request-Id") {
		w.t.Errorf("problem %+v does not fit the reply", p)
	}
	return p
}

func decode[T any](w *world, text []byte) (v T) {
	w.t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
	return v
}
