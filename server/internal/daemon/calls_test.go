//go:build !nomedia

package daemon

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/config"
	"usersig/server/internal/gate"
)

// calls is a daemon that serves media, its hooks and TURN credentials.
func calls(t *testing.T, change func(*config.Config)) *running {
	t.Helper()
	return start(t, callsConfig(t, t.TempDir(), change), Options{})
}

func callsConfig(t *testing.T, dir string, change func(*config.Config)) *config.Config {
	t.Helper()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	secret := write(t, dir+".secret", "s3cr3t-s3cr3t-s3cr3t")
	return configure(t, func(c *config.Config) {
		c.Data, c.Init, c.Media.Enabled, c.Hooks.Enabled = dir, true, "on", true
		c.Media.UDPPort = uint16(udp.LocalAddr().(*net.UDPAddr).Port)
		c.Media.TURN = []config.TURN{{URLs: []string{"turn:192.0.2.1:3478?transport=udp"}, SecretFile: secret}}
		if change != nil {
			change(c)
		}
	})
}

// credential is a new user's, in a room of an application.
func (r *running) credential(app, user string) gate.Credential {
	r.t.Helper()
	id, err := strconv.ParseUint(app[strings.LastIndex(app, "/")+1:], 10, 32)
	if err != nil {
		r.t.Fatal(err)
	}
	return gate.Credential{App: uint32(id), UserID: user, Room: usersig.Room{ID: 1}, UserSig: r.issue(app, user)}
}

// show sends a request with a credential.
func (r *running) show(method, path, credential string, headers ...string) (*http.Response, string) {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+credential)
	for i := 0; i < len(headers); i += 2 {
		q.Header.Add(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return got, string(text)
}

// bodiless are requests that nobody expects a body of, and those whose body is not read
// before it is known who sends it.
var bodiless = []string{
	"POST /rtc/check", "POST /rtc/renew", "GET /rtc", "GET /rtc/v1", "GET /rtc/validate", "GET /rtc/nosuch", "OPTIONS /rtc/check",
	"GET /demo", "GET /demo/", "POST /turn", "POST /hooks/nginx-rtmp", "POST /hooks/nosuch", "GET /hooks",
	"POST /v1/apps", "GET /v1/me", "GET /healthz", "GET /readyz", "GET /metrics", "GET /nosuch",
}

// TestBodiesThatNeverCome: whoever announces a body and sends none is answered at once and
// keeps nobody out, though there are more of them than there may be connections; after a
// time their connections end.
func TestBodiesThatNeverCome(t *testing.T) {
	const most = 64
	r := calls(t, func(c *config.Config) {
		c.Limits.Connections, c.Limits.ConnectionsPerSource, c.Limits.PerSource = most, 0, config.Rate{}
		c.Hooks.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	var all []net.Conn
	for i := range 4 * most {
		conn := r.dial()
		send(t, conn, bodiless[i%len(bodiless)]+" HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
		if i%len(bodiless) == 10 { // an engine's body is read, and answered when it does not come
			all = append(all, conn)
			continue
		}
		_ = conn.SetReadDeadline(time.Now().Add(bodyTime - time.Second))
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatalf("%s: no answer: %v", bodiless[i%len(bodiless)], err)
		}
		all = append(all, conn)
		if i%8 == 0 {
			http.DefaultClient.CloseIdleConnections()
			if status, _, err := r.try("GET", "/healthz", nil); err != nil || status != http.StatusOK {
				t.Fatalf("after %d of them, somebody else gets %d, %v", i+1, status, err)
			}
		}
	}
	for _, conn := range all {
		_ = conn.SetReadDeadline(time.Now().Add(2 * bodyTime))
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatal("a connection is still open")
		}
	}
}

// TestSlowPages: whoever loads the demo page and does not read it keeps nobody out.
func TestSlowPages(t *testing.T) {
	const most = 32
	r := calls(t, func(c *config.Config) {
		c.Limits.Connections, c.Limits.ConnectionsPerSource = most, 0
		c.Media.Demo = true
	})
	for range 2 * most {
		conn := r.dial()
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		send(t, conn, strings.Repeat("GET /demo/usersig-web.js HTTP/1.1\r\nHost: x\r\n\r\n", 32))
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if status, _, err := r.try("GET", "/healthz", nil); err != nil || status != http.StatusOK {
		t.Errorf("somebody else gets %d, %v", status, err)
	}
}

// TestMultipartFillsNoDisk: a user's request with a form of any length is refused before
// any of it is kept.
func TestMultipartFillsNoDisk(t *testing.T) {
	r := calls(t, nil)
	c := r.credential(r.hosted(), "mallory").String()
	kept := t.TempDir()
	t.Setenv("TMPDIR", kept)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if file, err := form.CreateFormFile("f", "f"); err != nil {
		t.Fatal(err)
	} else if _, err := file.Write(make([]byte, 48<<20)); err != nil { // more than is kept in memory
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/rtc?protocol=16", "/rtc/v1?protocol=16", "/rtc/validate"} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+path, io.MultiReader(bytes.NewReader(body.Bytes()))) // chunked
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Authorization": "Bearer " + c, "Content-Type": form.FormDataContentType(), "Connection": "Upgrade", "Upgrade": "websocket",
			"Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		} {
			q.Header.Set(name, value)
		}
		got, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		text, _ := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if got.StatusCode != http.StatusBadRequest || !strings.HasPrefix(string(text), "usersig") {
			t.Errorf("%s: %d %s", path, got.StatusCode, text)
		}
	}
	if left, err := os.ReadDir(kept); err != nil || len(left) > 0 {
		t.Errorf("on the disk: %v, %v", left, err)
	}
}

// TestStrangersAtTheGate: whoever has no credential makes the server verify no more often
// than limits.per_source says; whoever has one is not counted, in an office of any size.
func TestStrangersAtTheGate(t *testing.T) {
	r := calls(t, func(c *config.Config) {
		c.Limits.PerSource = config.Rate{PerSecond: 0.01, Burst: 20}
		c.Media.PerUser = 1000
		c.CORS.Origins = []string{"https://app.example"}
	})
	good := r.credential(r.hosted(), "alice")
	bad := good
	var office sync.WaitGroup
	for range 200 {
		office.Go(func() {
			if got, text := r.show("POST", "/rtc/check", good.String()); got.StatusCode != http.StatusNoContent {
				t.Errorf("one of an office: %d %s", got.StatusCode, text)
			}
		})
	}
	office.Wait()
	http.DefaultClient.CloseIdleConnections()
	ways := []string{"GET /rtc", "GET /rtc/v1", "GET /rtc/validate", "POST /rtc/check", "POST /rtc/renew", "POST /turn"}
	for i := range 20 {
		method, path, _ := strings.Cut(ways[i%len(ways)], " ")
		bad.UserID = fmt.Sprint("bob", i)
		if got, text := r.show(method, path, bad.String()); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%d: %d %s", i, got.StatusCode, text)
		}
	}
	for _, way := range ways {
		method, path, _ := strings.Cut(way, " ")
		got, text := r.show(method, path, bad.String(), "Origin", "https://app.example")
		h := got.Header
		if got.StatusCode != http.StatusTooManyRequests || !strings.HasPrefix(text, "usersig unavailable: ") || h.Get("Retry-After") == "" ||
			h.Get("Access-Control-Allow-Origin") != "https://app.example" || h.Get("Access-Control-Expose-Headers") != "Retry-After" {
			t.Errorf("%s: %d %s %v", way, got.StatusCode, text, h)
		}
	}
}

// TestReloadedOrigins: a site that is not listed any more may not call from then on, and a
// new one may.
func TestReloadedOrigins(t *testing.T) {
	dir := t.TempDir()
	old := callsConfig(t, dir, func(c *config.Config) { c.CORS.Origins = []string{"https://old.example"} })
	r := start(t, old, Options{})
	good := r.credential(r.hosted(), "alice").String()
	want := func(origin string, want bool) {
		t.Helper()
		for _, path := range []string{"/rtc/check", "/turn"} {
			got, _ := r.show("POST", path, good, "Origin", origin)
			if ok := got.Header.Get("Access-Control-Allow-Origin") == origin && got.StatusCode/100 == 2; ok != want {
				t.Errorf("%s from %s: %d", path, origin, got.StatusCode)
			}
		}
	}
	want("https://old.example", true)
	want("https://new.example", false)
	next := *old
	next.CORS.Origins = []string{"https://new.example"}
	if err := r.Reload(t.Context(), &next); err != nil {
		t.Fatal(err)
	}
	want("https://old.example", false)
	want("https://new.example", true)
}

// TestOriginsBehindProxies: a page without TLS may not call a server with TLS of the same
// name, as far as a proxy that is trusted tells that there is TLS.
func TestOriginsBehindProxies(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		r := calls(t, func(c *config.Config) {
			if trusted {
				c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			}
		})
		good, host := r.credential(r.hosted(), "alice").String(), r.Addr().String()
		for said, want := range map[string]bool{"": true, "http": true, "https": !trusted, "https, http": !trusted} {
			got, _ := r.show("POST", "/rtc/check", good, "Origin", "http://"+host, "X-Forwarded-Proto", said)
			if ok := got.StatusCode == http.StatusNoContent; ok != want {
				t.Errorf("trusted %v, X-Forwarded-Proto %q: %d", trusted, said, got.StatusCode)
			}
			if got, _ := r.show("POST", "/rtc/check", good, "Origin", "https://"+host, "X-Forwarded-Proto", said); got.StatusCode != http.StatusNoContent {
				t.Errorf("trusted %v, X-Forwarded-Proto %q, a page with TLS: %d", trusted, said, got.StatusCode)
			}
		}
	}
}

// TestGateWhileDraining: until the server stops listening, whoever is in can stay, and a
// page is not told that there is nothing here.
func TestGateWhileDraining(t *testing.T) {
	r := calls(t, nil)
	good := r.credential(r.hosted(), "alice").String()
	r.front.draining.Store(true)
	for way, want := range map[string]int{"POST /rtc/check": 204, "POST /rtc/renew": 404, "GET /rtc/validate": 200, "POST /turn": 200} {
		method, path, _ := strings.Cut(way, " ")
		got, text := r.show(method, path, good, "Origin", r.base)
		if got.StatusCode != want || got.Header.Get("Access-Control-Allow-Origin") != r.base || want == 404 && !strings.HasPrefix(text, "usersig") {
			t.Errorf("%s: %d %s", way, got.StatusCode, text)
		}
	}
}

// TestAskingCountsAsConnecting: whoever asks whether they would be let in counts as a
// connection of theirs while they ask, so that nobody makes the server verify without a
// bound. A user with all the connections they may have can still hand in a newer UserSig.
func TestAskingCountsAsConnecting(t *testing.T) {
	r := calls(t, func(c *config.Config) { c.Media.PerUser = 1 })
	c := r.credential(r.hosted(), "alice")
	p, err := r.gate.Enter(t.Context(), c, netip.MustParseAddr("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	leave, err := r.gate.Connect(&p, netip.MustParseAddr("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	want := func(all map[string]int) {
		t.Helper()
		for way, want := range all {
			method, path, _ := strings.Cut(way, " ")
			if got, text := r.show(method, path, c.String()); got.StatusCode != want {
				t.Errorf("%s: %d %s, want %d", way, got.StatusCode, text, want)
			}
		}
	}
	want(map[string]int{"GET /rtc": 429, "GET /rtc/validate": 429, "POST /rtc/check": 429, "POST /rtc/renew": 404})
	leave()
	want(map[string]int{"GET /rtc": 400, "GET /rtc/validate": 200, "POST /rtc/check": 204, "POST /rtc/renew": 404})
}
