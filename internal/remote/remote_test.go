package remote_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usersig/internal/remote"
)

const (
	app   = 1400000000
	token = "usk_0123456789abcdef_secretsecretsecret"
)

// asked is a request as the server saw it.
type asked struct {
	*http.Request
	body string
}

// serve starts a server and returns a client of it, the requests that arrived, and how
// long the client waited.
func serve(t *testing.T, handler func(w http.ResponseWriter, r asked, n int)) (*remote.Client, func() []asked, *[]time.Duration) {
	t.Helper()
	var (
		mu  sync.Mutex // a client whose connection is cut is not told when the server is done
		got []asked
	)
	var waits []time.Duration
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		got = append(got, asked{r, string(body)})
		n := len(got)
		mu.Unlock()
		handler(w, asked{r, string(body)}, n)
	}))
	t.Cleanup(s.Close)
	all := func() []asked {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
	return dial(t, s.URL, &waits), all, &waits
}

func dial(t *testing.T, base string, waits *[]time.Duration) *remote.Client {
	t.Helper()
	c, err := remote.New(base, token, &remote.Options{Agent: "test", Wait: func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// says answers with JSON.
func says(text string) func(http.ResponseWriter, asked, int) {
	return func(w http.ResponseWriter, _ asked, _ int) {
		reply(w, http.StatusOK, "application/json; charset=utf-8", text)
	}
}

func reply(w http.ResponseWriter, status int, kind, text string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func problem(w http.ResponseWriter, status int, text string) {
	reply(w, status, "application/problem+json", text)
}

func fault(t *testing.T, err error, want remote.Fault) {
	t.Helper()
	if e, ok := errors.AsType[*remote.Error](err); !ok || e.Fault != want {
		t.Fatalf("error %v, want fault %d", err, want)
	}
	if strings.Contains(err.Error(), token) {
		t.Errorf("the error has the credential in it: %v", err)
	}
}

func TestNew(t *testing.T) {
	for _, base := range []string{"https://a.example", "https://a.example:8443/prefix/", "http://127.0.0.1:8080", "http://[::1]:1", "http://localhost", "http://127.9.9.9", "http://[::ffff:127.0.0.1]"} {
		if _, err := remote.New(base, token, nil); err != nil {
			t.Errorf("New(%q) = %v", base, err)
		}
	}
	for base, want := range map[string]remote.Fault{
		"": remote.BadURL, "a.example": remote.BadURL, "ftp://a.example": remote.BadURL, "https://": remote.BadURL, "https:a": remote.BadURL, "https://%zz": remote.BadURL,
		"https://user:pass@a.example": remote.BadURL, "https://a.example?x": remote.BadURL, "https://a.example?": remote.BadURL, "https://a.example#x": remote.BadURL, "https://a.example#": remote.BadURL,
		"http://a.example": remote.PlainHTTP, "http://192.0.2.1": remote.PlainHTTP, "http://localhost.a.example": remote.PlainHTTP, "http://127.0.0.1.a.example": remote.PlainHTTP,
		"http://0.0.0.0": remote.PlainHTTP, "http://2130706433": remote.PlainHTTP,
	} {
		_, err := remote.New(base, token, nil)
		fault(t, err, want)
		if strings.Contains(err.Error(), "pass") {
			t.Errorf("New(%q) repeats the password: %v", base, err)
		}
	}
	for _, bad := range []string{"", " ", "a b", "a\nb", "a\r\nX-Other: b", "ä", strings.Repeat("a", 8<<10+1)} {
		_, err := remote.New("https://a.example", bad, nil)
		if fault(t, err, remote.BadToken); strings.Contains(err.Error(), "X-Other") {
			t.Errorf("New repeats the credential: %v", err)
		}
	}
}

// The credential is in the header, and nowhere else.
func TestRequest(t *testing.T) {
	c, got, _ := serve(t, says(`{"apps":[]}`))
	if _, err := c.Apps(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := got()[0]
	if r.Header.Get("Authorization") != "Bearer "+token || strings.Contains(r.URL.String()+r.body, token) {
		t.Errorf("%s %v %s", r.URL, r.Header, r.body)
	}
	if r.Header.Get("Accept-Language") != "en" || r.Header.Get("User-Agent") != "test" || r.Method != http.MethodGet || r.URL.String() != "/v1/apps?limit=200" {
		t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/prefix/v1/apps/1" || r.Header.Get("Accept-Language") != "zh" || r.Header.Get("User-Agent") != "usersig" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		reply(w, 200, "application/json", `{}`)
	}))
	defer s.Close()
	z, err := remote.New(s.URL+"/prefix/", token, &remote.Options{Language: "zh", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.App(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c, _, _ := serve(t, func(w http.ResponseWriter, r asked, _ int) { http.Redirect(w, r.Request, other.URL, status) })
		_, err := c.Apps(t.Context())
		if fault(t, err, remote.Redirected); !strings.Contains(err.Error(), fmt.Sprintf("(HTTP %d)", status)) {
			t.Errorf("%v, want status %d", err, status)
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, "application/json", `{"name":"a"}`) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it says that nobody trusts it
	s.StartTLS()
	defer s.Close()
	c, err := remote.New(s.URL, token, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.App(t.Context(), app)
	fault(t, err, remote.Untrusted)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	if c, err = remote.New(s.URL, token, &remote.Options{Roots: roots}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.App(t.Context(), app); err != nil || got.Value.Name != "a" {
		t.Errorf("%+v, %v", got, err)
	}
}
