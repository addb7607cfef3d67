package daemon

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/config"
)

// blocked puts an API in place that does not answer until release is called.
func (r *running) blocked() (entered <-chan struct{}, release func()) {
	in, gate := make(chan struct{}, 16), make(chan struct{})
	real := *r.front.api.Load()
	var api http.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/slow" {
			real.ServeHTTP(w, q)
			return
		}
		in <- struct{}{}
		<-gate
		_, _ = io.WriteString(w, "done")
	})
	r.front.api.Store(&api)
	return in, func() { close(gate) }
}

// TestDrain: a request under way ends well, and others learn that the server is ending.
func TestDrain(t *testing.T) {
	socket, told := systemd(t)
	cfg := fresh(t, t.TempDir())
	cfg.Limits.DrainDelay = time.Hour // ended by the failure below
	r := &running{t: t, log: &syncBuffer{}}
	var err error
	if r.Daemon, err = Open(t.Context(), cfg, Options{NotifySocket: socket}); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.base = "http://" + r.Addr().String()
	entered, release := r.blocked()

	failed := make(chan error, 2)
	r.Daemon.start(&r.main, failed)
	slow := make(chan string, 1)
	go func() {
		_, text, _ := r.try("GET", "/slow", nil)
		slow <- text
	}()
	<-entered
	if status, _ := r.text("GET", "/readyz", nil); status != http.StatusOK {
		t.Errorf("/readyz = %d before the end", status)
	}
	drained := make(chan error, 1)
	go func() { drained <- r.drain(failed) }()
	if got := <-told; got != "STOPPING=1" {
		t.Errorf("systemd was told %q", got)
	}
	for !r.front.draining.Load() { // set right after systemd was told
		runtime.Gosched()
	}
	status, out := r.call("GET", "/readyz", nil)
	if status != http.StatusServiceUnavailable || out["reason"] != "unavailable" || out["detail"] != "the server is ending" || out["request_id"] == nil {
		t.Errorf("/readyz = %d %v while draining", status, out)
	}
	if status, _ := r.text("GET", "/healthz", nil); status != http.StatusOK {
		t.Errorf("/healthz = %d while draining", status)
	}
	failed <- nil // the delay is over
	release()
	if err := <-drained; err != nil {
		t.Errorf("drain: %v", err)
	}
	if got := <-slow; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if _, _, err := r.try("GET", "/healthz", nil); err == nil {
		t.Error("the server answers after its end")
	}
}

// TestDrainTimeout: a request that does not end is cut off.
func TestDrainTimeout(t *testing.T) {
	cfg := fresh(t, t.TempDir())
	cfg.Limits.DrainTimeout = 10 * time.Millisecond
	cfg.Limits.DrainDelay = time.Millisecond
	r := start(t, cfg, Options{})
	entered, release := r.blocked()
	defer release()
	cut := make(chan error, 1)
	go func() {
		_, _, err := r.try("GET", "/slow", nil)
		cut <- err
	}()
	<-entered
	if err := r.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := <-cut; err == nil {
		t.Error("the request was answered")
	}
	if !strings.Contains(r.log.String(), "requests were cut off") {
		t.Errorf("the log does not say so: %s", r.log)
	}
}

// TestServeFails: a listener that breaks ends the server with an error.
func TestServeFails(t *testing.T) {
	d, err := Open(t.Context(), fresh(t, t.TempDir()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.main.listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Serve(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve = %v", err)
	}
}

// TestRequestLimit: one request too many is answered at once, and health always.
func TestRequestLimit(t *testing.T) {
	cfg := fresh(t, t.TempDir())
	cfg.Limits.Requests = 1
	r := start(t, cfg, Options{})
	held := r.dial()
	send(t, held, "POST /v1/apps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+r.token+"\r\n"+
		"Content-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n")
	reply := bufio.NewReader(held)
	if line, err := reply.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err) // once the body is asked for, the request is under way
	}
	if _, err := reply.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if status, out := r.call("GET", "/v1/apps", nil); status != http.StatusServiceUnavailable || out["detail"] == "" {
		t.Errorf("the second request got %d %v", status, out)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, _ := r.text("GET", path, nil); status != http.StatusOK {
			t.Errorf("%s = %d", path, status)
		}
	}
	if _, text := r.text("GET", "/metrics", nil); !strings.Contains(text, "usersig_http_requests_rejected_total 1") ||
		!strings.Contains(text, "usersig_http_requests_in_flight 1") {
		t.Error("the metrics do not have the rejected request")
	}
	send(t, held, `{"name":"x"}`)
	if got, err := http.ReadResponse(reply, nil); err != nil || got.StatusCode != http.StatusCreated {
		t.Errorf("the request under way got %v, %v", got, err)
	}
	if status, _ := r.text("GET", "/v1/apps", nil); status != http.StatusOK {
		t.Errorf("the next request got %d", status)
	}
}

// systemd plays the other end of sd_notify.
func systemd(t *testing.T) (socket string, told <-chan string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ch := make(chan string, 16)
	go func() {
		var buf [256]byte
		for {
			n, err := conn.Read(buf[:])
			if err != nil {
				return
			}
			ch <- string(buf[:n])
		}
	}()
	return socket, ch
}

func TestNotify(t *testing.T) {
	socket, told := systemd(t)
	r := start(t, fresh(t, t.TempDir()), Options{NotifySocket: socket})
	want := func(state string) {
		t.Helper()
		if got := <-told; got != state {
			t.Errorf("systemd was told %q, want %q", got, state)
		}
	}
	want("READY=1")
	if err := r.Reload(t.Context(), r.config.Load()); err != nil {
		t.Fatal(err)
	}
	want("RELOADING=1")
	want("READY=1")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	want("STOPPING=1")
	if err := notifier("").tell("READY=1"); err != nil {
		t.Errorf("nobody to tell: %v", err)
	}
	if err := notifier("@usersigd-nobody-listens-here").tell("READY=1"); err == nil {
		t.Error("telling a socket that is not there is no error")
	}
}

// TestNotifyFails: a server whose systemd does not listen serves all the same.
func TestNotifyFails(t *testing.T) {
	r := start(t, fresh(t, t.TempDir()), Options{NotifySocket: filepath.Join(t.TempDir(), "nosuch")})
	if status, _ := r.text("GET", "/healthz", nil); status != http.StatusOK {
		t.Errorf("/healthz = %d", status)
	}
	if err := r.stop(); err != nil || !strings.Contains(r.log.String(), "systemd was not told") {
		t.Errorf("stop: %v; log: %s", err, r.log)
	}
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	r := start(t, fresh(t, dir), Options{})
	next := func(change func(*config.Config)) *config.Config {
		return configure(t, func(c *config.Config) { c.Data, c.Init = dir, true; change(c) })
	}
	err := r.Reload(t.Context(), next(func(c *config.Config) {
		c.Log.Level, c.Limits.Requests = "debug", 7
		c.Limits.PerKey = config.Rate{PerSecond: 0.001, Burst: 1}
		c.Limits.PerSource = config.Rate{}
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.MaxStale, c.Store = time.Minute, ""
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got := r.config.Load().Limits.Requests; got != 7 {
		t.Errorf("limits.requests = %d", got)
	}
	if !r.opts.Log.Enabled(context.Background(), -4) {
		t.Error("log.level did not change")
	}
	r.text("GET", "/v1/me", nil)
	if status, _ := r.text("GET", "/v1/me", nil); status != http.StatusTooManyRequests {
		t.Errorf("a second request under limits.per_key = %d", status)
	}
	if log := r.log.String(); !strings.Contains(log, `keys=max_stale`) {
		t.Errorf("the log does not name what takes a restart: %s", log)
	}
}

// TestReloadRefused: whatever is wrong, nothing changes.
func TestReloadRefused(t *testing.T) {
	dir := t.TempDir()
	r := start(t, fresh(t, dir), Options{})
	old := r.config.Load()
	for name, change := range map[string]func(*config.Config){
		"TLS comes": func(c *config.Config) { c.TLS.Cert, c.TLS.Key = "a", "b" },
		"apps come": func(c *config.Config) { c.Apps = []config.App{{SDKAppID: 1, Name: "a", KeyFile: "k"}}; c.Init = false },
	} {
		cfg := configure(t, func(c *config.Config) { c.Data, c.Init, c.Limits.Requests = dir, true, 7; change(c) })
		if err := r.Reload(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
		if r.config.Load() != old {
			t.Errorf("%s: something changed", name)
		}
	}
	broken := *old
	broken.Log.Level = "loud"
	if err := r.Reload(t.Context(), &broken); err == nil || r.config.Load() != old {
		t.Errorf("a level that is none: %v", err)
	}
}
