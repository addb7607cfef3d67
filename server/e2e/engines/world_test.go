// Package engines proves that media servers which are not part of this one ask it and
// obey: coturn, nginx with its RTMP module, and MediaMTX, each started here as its users
// start it, with the clients that people use.
package engines

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/custody"
	"usersig/server/internal/gate"
	"usersig/server/internal/hook"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/sqlite"
	"usersig/server/internal/turn"
)

const (
	// patience is how long something may take that has to happen at all.
	patience = 20 * time.Second
	secret   = "the engines' secret"
	// hookSecret is in the URLs that engines ask at.
	hookSecret = "the-hooks-secret"
)

var operator = access.Caller{ID: "apikey:operator", Scopes: []access.Scope{access.ScopeOperator}}

// world is a service with a gate, and what engines and their clients ask it.
type world struct {
	t      *testing.T
	svc    *issuer.Service
	app    uint32
	key    *usersig.Secret
	room   usersig.Room
	server *httptest.Server
	log    *lines
	asked  *asked
	hooks  *hooks
}

// hooks are what engines ask, until they are made anew.
type hooks struct {
	gate    *gate.Gate
	handler *hook.Handler
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }

// begin makes the hooks, as a server does that starts.
func (w *world) begin(opts options) {
	w.t.Helper()
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.hooks.gate = gate.New(w.svc, gate.Options{Log: log})
	var err error
	w.hooks.handler, err = hook.New(hook.Options{Gate: w.hooks.gate, MediaMTX: opts.mediamtx, Secret: []byte(hookSecret), Log: log})
	w.ok(err)
}

// end forgets whom the hooks have let in. Nobody may be asking.
func (h *hooks) end() {
	h.gate.Close()
	h.handler.Close()
}

// options say what differs from one test to another.
type options struct {
	mediamtx string // the URL of its API
	turn     []turn.Server
}

func open(t *testing.T, opts options) *world {
	t.Helper()
	w := &world{t: t, room: usersig.Room{ID: 123}, log: &lines{}, asked: &asked{}, hooks: &hooks{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what was logged:\n%s\nwhat was asked:\n%s", w.log, w.asked)
		}
	})
	dir := t.TempDir()
	kek := filepath.Join(dir, "kek")
	w.ok(custody.CreateFile(kek))
	opened, err := custody.OpenFile(kek)
	w.ok(err)
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "usersig.db"), &sqlite.Options{Init: true})
	w.ok(err)
	w.svc, err = issuer.New(t.Context(), store, opened, issuer.Options{})
	w.ok(err)
	w.ok(w.svc.Init(t.Context(), operator))
	made, err := w.svc.CreateApp(t.Context(), operator, issuer.NewApp{Name: "calls", Settings: issuer.Settings{Custody: issuer.CustodyHosted, Scheme: "hmac"}})
	w.ok(err)
	w.app, w.key = made.App.ID, made.Handout.Secret
	w.begin(opts)
	mux := http.NewServeMux()
	mux.Handle("/hooks/", w.asked.recording(w.hooks))
	log := slog.New(slog.NewTextHandler(w.log, nil))
	mux.Handle("/turn", turn.NewHandler(turn.Options{Gate: w.hooks.gate, Servers: opts.turn, Log: log, Source: func(*http.Request) netip.Addr {
		return netip.MustParseAddr("127.0.0.1")
	}}))
	w.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		w.server.Close()
		w.hooks.end()
		w.svc.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// hookURL is where an engine asks.
func (w *world) hookURL(engine string) string {
	return w.server.URL + "/hooks/" + engine + "?secret=" + hookSecret
}

// sigUntil signs a UserSig that the gate takes until some time from now.
func (w *world) sigUntil(key *usersig.Secret, user string, left time.Duration) string {
	w.t.Helper()
	ttl := 24 * time.Hour
	before := ttl - left + usersig.DefaultLeeway // how long ago it is issued
	signer, err := usersig.NewSigner(w.app, key, &usersig.SignerOptions{Compress: true, Clock: func() time.Time { return time.Now().Add(-before) }})
	w.ok(err)
	sig, err := signer.Sign(usersig.Claims{UserID: user, TTL: ttl})
	w.ok(err)
	return sig
}

func (w *world) sig(user string) string { return w.sigUntil(w.key, user, time.Hour) }

func (w *world) expired(user string) string { return w.sigUntil(w.key, user, -time.Second) }

// forged is signed with a key that is not the application's.
func (w *world) forged(user string) string {
	w.t.Helper()
	key, err := usersig.GenerateSecret()
	w.ok(err)
	return w.sigUntil(key, user, time.Hour)
}

// revoke revokes a user and returns when that began: it takes up to a second.
func (w *world) revoke(user string) time.Time {
	w.t.Helper()
	at := time.Now()
	_, err := w.svc.Revoke(w.t.Context(), operator, w.app, user)
	w.ok(err)
	return at
}

func (w *world) stream(user string) string {
	return hook.Stream{App: w.app, UserID: user, Room: w.room}.String()
}

func (w *world) credential(user, sig string) string {
	return gate.Credential{App: w.app, UserID: user, Room: w.room, UserSig: sig}.String()
}

// until waits until something holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// lastPort is below those that systems give to outgoing connections, any of which could
// otherwise take a port between here and the engine that is to have it.
var lastPort = 20000 + os.Getpid()%5000

// free returns an address of loopback at which nobody listens, by TCP or UDP, and never
// the same twice.
func (w *world) free() string {
	w.t.Helper()
	for range 1000 {
		lastPort++
		at := fmt.Sprintf("127.0.0.1:%d", lastPort)
		l, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", at)
		if err != nil {
			continue
		}
		u, err := (&net.ListenConfig{}).ListenPacket(w.t.Context(), "udp", at)
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return at
		}
	}
	w.t.Fatal("there is no port that is free")
	return ""
}

func (w *world) write(name, text string) (path string) {
	w.t.Helper()
	path = filepath.Join(w.t.TempDir(), name)
	w.ok(os.WriteFile(path, []byte(text), 0o600))
	return path
}

// post asks this server, or an engine, and reads a reply in JSON.
func (w *world) post(url, bearer string, out any) (status int) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, url, nil)
	w.ok(err)
	r.Header.Set("Authorization", "Bearer "+bearer)
	reply, err := http.DefaultClient.Do(r)
	w.ok(err)
	defer reply.Body.Close()
	w.ok(json.NewDecoder(reply.Body).Decode(out))
	return reply.StatusCode
}
