// Package media_test proves the audio/video server from outside: with LiveKit's own,
// unmodified SDKs as clients, and with real browsers.
package media_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/config"
	"usersig/server/internal/daemon"
	"usersig/server/internal/gate"
)

// world is a usersigd that serves media, in this process.
type world struct {
	t     *testing.T
	d     *daemon.Daemon
	log   *lines
	base  string
	token string // the operator's
	stop  func()
	ahead *atomic.Int64 // nanoseconds that the server's clock is ahead of ours
}

// pass lets time pass for the server, and waits until it has looked at its store again.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.ahead.Add(int64(d))
	for end := time.Now().Add(patience); ; {
		if status, _ := w.try("GET", "/readyz", nil); status == http.StatusOK {
			return
		}
		time.Sleep(5 * time.Millisecond) // between two questions
		if time.Now().After(end) {
			w.t.Fatal("the server does not become ready")
		}
	}
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// open starts a usersigd with media, and with change made to its configuration.
func open(t *testing.T, change func(*config.Config)) *world {
	t.Helper()
	w := &world{t: t, log: &lines{}, ahead: new(atomic.Int64)}
	cfg, err := config.Load(config.Source{Flags: func(c *config.Config) {
		c.Listen, c.Data, c.Init = "127.0.0.1:0", filepath.Join(t.TempDir(), "data"), true
		c.Media.UDPPort = freePort(t)
		c.Limits.PerSource = config.Rate{}
		if change != nil {
			change(c)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	level := new(slog.LevelVar)
	w.d, err = daemon.Open(t.Context(), cfg, daemon.Options{Clock: w.now, Level: level, Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: level}))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- w.d.Serve(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("the daemon ended with: %v", err)
		}
		if err := w.d.Close(); err != nil {
			t.Errorf("the daemon closed with: %v", err)
		}
	})
	t.Cleanup(func() {
		w.stop()
		if t.Failed() {
			t.Logf("the daemon wrote:\n%s", w.log)
		}
	})
	w.base = "http://" + w.d.Addr().String()
	text, err := os.ReadFile(filepath.Join(cfg.Data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	w.token = strings.TrimSpace(string(text))
	return w
}

// freePort returns a UDP port of loopback that nobody has.
func freePort(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return uint16(c.LocalAddr().(*net.UDPAddr).Port)
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

// send makes a request of a client SDK's with a credential.
func (w *world) send(path string, c gate.Credential) (status int, body string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.base+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.String())
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply.StatusCode, string(text)
}

type object = map[string]any

// try sends a request to the API as the operator.
func (w *world) try(method, path string, body any) (status int, out object) {
	w.t.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer reply.Body.Close()
	if err := json.NewDecoder(reply.Body).Decode(&out); err != nil && err != io.EOF {
		w.t.Fatal(err)
	}
	return reply.StatusCode, out
}

// must is try for what must succeed.
func (w *world) must(method, path string, body any) object {
	w.t.Helper()
	status, out := w.try(method, path, body)
	if status >= 300 {
		w.t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

// app is an application whose keys are hosted.
type app struct {
	w  *world
	id uint32
}

func (w *world) app(settings object) *app {
	w.t.Helper()
	all := object{"scheme": "hmac"}
	for k, v := range settings {
		all[k] = v
	}
	out := w.must("POST", "/v1/apps", object{"name": "calls", "settings": all})
	return &app{w, uint32(out["app"].(object)["sdkappid"].(float64))}
}

func (a *app) path(rest string, args ...any) string {
	return fmt.Sprintf("/v1/apps/%d", a.id) + fmt.Sprintf(rest, args...)
}

// sig issues a UserSig.
func (a *app) sig(user string, ttl int) string {
	a.w.t.Helper()
	body := object{"userid": user}
	if ttl > 0 {
		body["ttl"] = ttl
	}
	return a.w.must("POST", a.path("/usersigs"), body)["usersig"].(string)
}

// ticket issues a PrivateMapKey.
func (a *app) ticket(user string, room usersig.Room, allow usersig.Privilege) string {
	a.w.t.Helper()
	of := object{"id": room.ID}
	if room.Name != "" {
		of = object{"name": room.Name}
	}
	return a.w.must("POST", a.path("/privatemapkeys"), object{"userid": user, "room": of, "allow": allow})["privatemapkey"].(string)
}

// credential is what an SDK takes for its token.
func (a *app) credential(user string, room usersig.Room) gate.Credential {
	return gate.Credential{App: a.id, UserID: user, Room: room, UserSig: a.sig(user, 0)}
}
