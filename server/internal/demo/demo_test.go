package demo_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"usersig/server/internal/demo"
)

const config = `{"sdkappid":1400000000,"users":[{"userId":"Web_trtc_01","userToken":"eJx1"}]}`

// get makes a request as a browser on this machine does.
func get(t *testing.T, h http.Handler, path string, change func(r *http.Request)) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "127.0.0.1:50000"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	reply := w.Result()
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply, string(body)
}

// TestPage: whatever the page names is there, under a policy that lets it load nothing
// else.
func TestPage(t *testing.T) {
	h := demo.New(demo.Options{})
	_, index := get(t, h, "/demo/", nil)
	seen := map[string]bool{"": true}
	todo := named(index)
	if len(todo) < 5 {
		t.Fatalf("the page names %v only", todo)
	}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		reply, body := get(t, h, "/demo/"+name, nil)
		if reply.StatusCode != http.StatusOK || reply.Header.Get("Content-Type") == "" || body == "" {
			t.Errorf("%s: %s", name, reply.Status)
		}
		checkHeader(t, name, reply.Header)
		if strings.HasSuffix(name, ".js") && name != "usersig-web.js" {
			todo = append(todo, named(body)...)
		}
	}
	if !seen["call.js"] || !seen["lobby.js"] {
		t.Errorf("followed only %v", seen)
	}
}

// named returns the files that a page or a module names.
func named(text string) (all []string) {
	for _, m := range regexp.MustCompile(`(?:href|src)="([a-z][^"]*)"|from "\./([^"]*)"`).FindAllStringSubmatch(text, -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}

func checkHeader(t *testing.T, name string, h http.Header) {
	t.Helper()
	policy := h.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy+";", rule+";") {
			t.Errorf("%s: the policy %q lacks %s", name, policy, rule)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
		t.Errorf("%s: the policy is %q", name, policy)
	}
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%s: %v", name, h)
	}
}

// TestNothingInline: the policy would stop it, and the page would not work.
func TestNothingInline(t *testing.T) {
	_, index := get(t, demo.New(demo.Options{}), "/demo/", nil)
	if m := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?:[^>]*)>[^<]|https?://`).FindString(index); m != "" {
		t.Errorf("the page has %q", m)
	}
}

func TestAgain(t *testing.T) {
	h := demo.New(demo.Options{})
	first, _ := get(t, h, "/demo/main.js", nil)
	again, body := get(t, h, "/demo/main.js", func(r *http.Request) { r.Header.Set("If-None-Match", first.Header.Get("ETag")) })
	if again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("the same file again: %s", again.Status)
	}
}

func TestNoOther(t *testing.T) {
	h := demo.New(demo.Options{})
	for path, want := range map[string]int{
		"/demo":             http.StatusPermanentRedirect,
		"/demo/index.html":  http.StatusNotFound,
		"/demo/demo.go":     http.StatusNotFound,
		"/demo/config.json": http.StatusNotFound,
		"/demo/lobby":       http.StatusNotFound,
	} {
		if reply, _ := get(t, h, path, nil); reply.StatusCode != want {
			t.Errorf("%s: %s", path, reply.Status)
		}
	}
	reply, _ := get(t, h, "/demo/", func(r *http.Request) { r.Method = http.MethodPost })
	if reply.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", reply.Status)
	}
	reply, _ = get(t, h, "/demo?lang=zh", nil)
	if to := reply.Header.Get("Location"); to != "/demo/?lang=zh" {
		t.Errorf("goes on to %q", to)
	}
}

// TestConfig: the demo config is for a browser on this machine, at a page of this server.
func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "demo-config.json")
	write(t, file, []byte(config+"\n"))
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	from := func(address string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = address } }
	for _, one := range []struct {
		name   string
		change func(*http.Request)
		served bool
	}{
		{"the page", nil, true},
		{"the address bar", set("Sec-Fetch-Site", "none"), true},
		{"localhost", host("localhost:8080"), true},
		{"LOCALHOST", host("LOCALHOST"), true},
		{"another address of loopback", host("127.8.9.1:80"), true},
		{"loopback of IPv6", host("[::1]:8080"), true},
		{"from IPv6", from("[::1]:50000"), true},
		{"from IPv4 in IPv6", from("[::ffff:127.0.0.1]:50000"), true},
		{"rebinding", host("evil.example:8080"), false},
		{"rebinding, as under loopback", host("127.0.0.1.evil.example"), false},
		{"rebinding, as under localhost", host("localhost.evil.example"), false},
		{"a private address", host("192.168.1.7:8080"), false},
		{"every address", host("0.0.0.0:8080"), false},
		{"no host", host(""), false},
		{"another site", set("Sec-Fetch-Site", "cross-site"), false},
		{"another port", set("Sec-Fetch-Site", "same-site"), false},
		{"a browser that does not say", func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, false},
		{"another machine", from("192.0.2.7:50000"), false},
		{"no address", from(""), false},
		{"a proxy", set("X-Forwarded-For", "192.0.2.7"), false},
		{"another proxy", set("Via", "1.1 front"), false},
	} {
		t.Run(one.name, func(t *testing.T) {
			reply, body := get(t, demo.New(demo.Options{ConfigFile: file, Local: true}), "/demo/config.json", one.change)
			if served := reply.StatusCode == http.StatusOK; served != one.served {
				t.Fatalf("%s", reply.Status)
			}
			if one.served && body != config || !one.served && reply.StatusCode != http.StatusNotFound || strings.Contains(body, "eJx1") != one.served {
				t.Errorf("%s %q", reply.Status, body)
			}
			if reply.Header.Get("Cache-Control") != "no-store" || reply.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%v", reply.Header)
			}
			if reply, _ := get(t, demo.New(demo.Options{ConfigFile: file}), "/demo/config.json", one.change); reply.StatusCode != http.StatusNotFound {
				t.Errorf("from a server on a network: %s", reply.Status)
			}
		})
	}
}

// TestNotAConfig: a path that is mistaken does not give another file away.
func TestNotAConfig(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string][]byte{
		"private_key": []byte("-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n"),
		"other.json":  []byte(`{"secret":"s"}`),
		"large.json":  append([]byte(config), bytes.Repeat([]byte(" "), 1<<20)...),
		"empty":       nil,
	} {
		file := filepath.Join(folder, name)
		write(t, file, content)
		if reply, body := get(t, demo.New(demo.Options{ConfigFile: file, Local: true}), "/demo/config.json", nil); reply.StatusCode != http.StatusNotFound || strings.Contains(body, "MIG") {
			t.Errorf("%s: %s %q", name, reply.Status, body)
		}
	}
	for _, file := range []string{folder, filepath.Join(folder, "absent")} {
		if reply, _ := get(t, demo.New(demo.Options{ConfigFile: file, Local: true}), "/demo/config.json", nil); reply.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", file, reply.Status)
		}
	}
	// What else is in a demo config is not for the page.
	file := filepath.Join(folder, "more.json")
	write(t, file, []byte(strings.Replace(config, `{"sdkappid"`, `{"secretkey":"s","sdkappid"`, 1)))
	if _, body := get(t, demo.New(demo.Options{ConfigFile: file, Local: true}), "/demo/config.json", nil); body != config {
		t.Errorf("served %s", body)
	}
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
