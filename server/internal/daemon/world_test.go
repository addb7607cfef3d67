package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usersig/server/internal/config"
	"usersig/server/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// configure returns the configuration of a test: on a free port of loopback, with change
// made to it.
func configure(t *testing.T, change func(*config.Config)) *config.Config {
	t.Helper()
	c, err := config.Load(config.Source{Flags: func(c *config.Config) {
		c.Listen, c.Media.Enabled = "127.0.0.1:0", "off"
		change(c)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fresh returns the configuration of a daemon that makes its state in dir.
func fresh(t *testing.T, dir string) *config.Config {
	return configure(t, func(c *config.Config) { c.Data, c.Init = dir, true })
}

// running is a daemon that serves.
type running struct {
	*Daemon
	t     *testing.T
	log   *syncBuffer
	base  string
	token string // of who asks
	stop  func() error
}

// start opens a daemon and serves until the test ends or stop is called.
func start(t *testing.T, cfg *config.Config, opts Options) *running {
	t.Helper()
	r := &running{t: t, log: &syncBuffer{}}
	if opts.Log == nil {
		opts.Level = new(slog.LevelVar)
		opts.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: opts.Level}))
	}
	var err error
	if r.Daemon, err = Open(t.Context(), cfg, opts); err != nil {
		t.Fatal(err)
	}
	r.base = "http://" + r.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx) }()
	var once sync.Once
	r.stop = func() (err error) {
		once.Do(func() {
			cancel()
			if err = <-served; err == nil {
				err = r.Close()
			}
		})
		return err
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("the daemon ended with: %v", err)
		}
	})
	if text, err := os.ReadFile(filepath.Join(cfg.Data, tokenFile)); err == nil {
		r.token = strings.TrimSpace(string(text))
	}
	return r
}

// syncBuffer is a buffer that several goroutines write.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// call sends a request and returns the status and the reply's JSON.
func (r *running) call(method, path string, body any) (int, map[string]any) {
	r.t.Helper()
	status, text := r.text(method, path, body)
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		r.t.Fatalf("%s %s: %d %q is not JSON", method, path, status, text)
	}
	return status, out
}

func (r *running) text(method, path string, body any) (int, string) {
	r.t.Helper()
	status, text, err := r.try(method, path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	return status, text
}

// try is text for goroutines, which must not end a test.
func (r *running) try(method, path string, body any) (int, string, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, "", err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, r.base+path, in)
	if err != nil {
		return 0, "", err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// must is call for what must succeed.
func (r *running) must(method, path string, body any) map[string]any {
	r.t.Helper()
	status, out := r.call(method, path, body)
	if status/100 != 2 {
		r.t.Fatalf("%s %s = %d %v", method, path, status, out)
	}
	return out
}

type object = map[string]any

// hosted makes an application whose key is hosted, and returns its path.
func (r *running) hosted() string {
	r.t.Helper()
	out := r.must("POST", "/v1/apps", object{"name": "demo", "settings": object{"scheme": "ecdsa", "custody": "hosted"}})
	return fmt.Sprintf("/v1/apps/%.0f", out["app"].(object)["sdkappid"])
}

func (r *running) issue(app, user string) string {
	r.t.Helper()
	return r.must("POST", app+"/usersigs", object{"userid": user})["usersig"].(string)
}

func (r *running) good(app, user, token string) bool {
	r.t.Helper()
	return r.must("POST", app+"/verify", object{"userid": user, "token": token})["ok"].(bool)
}

// write writes a file that only its owner reads.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
