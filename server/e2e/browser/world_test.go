package browser_test

import (
	"bytes"
	"context"
	"encoding/json"
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

	"usersig/server/internal/config"
	"usersig/server/internal/daemon"
)

// world is a usersigd that serves media, in this process.
type world struct {
	t     *testing.T
	d     *daemon.Daemon
	log   *lines
	base  string
	token string        // the operator's
	ahead *atomic.Int64 // nanoseconds that the server's clock is ahead of ours
}

// in is the same world for another test.
func (w *world) in(t *testing.T) *world {
	other := *w
	other.t = t
	return &other
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
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("the daemon ended with: %v", err)
		}
		if err := w.d.Close(); err != nil {
			t.Errorf("the daemon closed with: %v", err)
		}
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
