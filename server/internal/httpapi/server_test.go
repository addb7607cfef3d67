package httpapi

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"usersig/server/internal/access"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

// live is the API behind a real connection.
type live struct {
	*httptest.Server
	app string
	key string // scope issue
}

func newLive(t testing.TB, scheme string) *live {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	svc, err := issuer.New(t.Context(), memory.New(nil), newKEK(t), issuer.Options{})
	check(err)
	t.Cleanup(svc.Close)
	check(svc.Init(t.Context(), root))
	made, err := svc.CreateApp(t.Context(), root, issuer.NewApp{Name: "x", Settings: issuer.Settings{Scheme: scheme, Custody: "hosted"}})
	check(err)
	_, key, err := svc.CreateAPIKey(t.Context(), root, made.App.ID, issuer.NewAPIKey{Name: "x", Scopes: []access.Scope{access.ScopeIssue}})
	check(err)
	l := &live{httptest.NewServer(New(svc, Options{})), strconv.FormatUint(uint64(made.App.ID), 10), key}
	t.Cleanup(l.Close)
	return l
}

func (l *live) post(t testing.TB, path string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+l.key)
	r.Header.Set("Content-Type", "application/json")
	return l.Client().Do(r)
}

func (l *live) issue(t testing.TB) error {
	got, err := l.post(t, "/v1/apps/"+l.app+"/usersigs", strings.NewReader(`{"userid":"alice","ttl":3600}`))
	if err != nil {
		return err
	}
	defer got.Body.Close()
	if text, err := io.ReadAll(got.Body); err != nil || got.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s, %w", got.StatusCode, text, err)
	}
	return nil
}

func TestConcurrentRequests(t *testing.T) {
	l := newLive(t, "hmac")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				if err := l.issue(t); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// A client that sends more than is taken is told, and not read to the end.
func TestTooLargeOverTheWire(t *testing.T) {
	l := newLive(t, "hmac")
	endless := new(spaces)
	got, err := l.post(t, "/v1/apps/"+l.app+"/usersigs", endless)
	if err == nil { // otherwise the connection was closed while the client was still sending
		defer got.Body.Close()
		if got.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", got.StatusCode)
		}
	}
	if n := endless.n.Load(); n > 64<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

// spaces is a body that has no end, and knows how much of it was taken.
type spaces struct{ n atomic.Int64 }

func (s *spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	s.n.Add(int64(len(p)))
	return len(p), nil
}

// BenchmarkIssue measures a request without a connection: all that is around the
// signature but the network and the disk.
func BenchmarkIssue(b *testing.B) {
	for _, scheme := range []string{"hmac", "ecdsa"} {
		b.Run(scheme, func(b *testing.B) {
			l := newLive(b, scheme)
			handler := l.Config.Handler
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := httptest.NewRequest(http.MethodPost, "/v1/apps/"+l.app+"/usersigs", strings.NewReader(`{"userid":"alice","ttl":3600}`))
					r.Header.Set("Authorization", "Bearer "+l.key)
					r.Header.Set("Content-Type", "application/json")
					got := httptest.NewRecorder()
					handler.ServeHTTP(got, r)
					if got.Code != http.StatusOK {
						b.Fatal(got.Body)
					}
				}
			})
		})
	}
}
