package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usersig/server/internal/issuer"
)

// house is an identity provider with real keys.
type house struct {
	t      *testing.T
	server *httptest.Server
	now    atomic.Int64 // Unix nanoseconds
	asked  atomic.Int64 // requests so far
	down   atomic.Bool

	mu      sync.Mutex
	keys    []jose.JSONWebKey           // private, guarded by mu
	says    map[string]any              // in its discovery document, guarded by mu
	instead map[string]http.HandlerFunc // by path, guarded by mu
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, says: map[string]any{}, instead: map[string]http.HandlerFunc{}}
	h.now.Store(time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC).UnixNano())
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	h.keys = []jose.JSONWebKey{newKey(t, "one", jose.ES256)}
	return h
}

func newKey(t *testing.T, id string, alg jose.SignatureAlgorithm) jose.JSONWebKey {
	t.Helper()
	var key crypto.PrivateKey
	var err error
	switch alg {
	case jose.RS256:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.EdDSA:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: id, Algorithm: string(alg), Use: "sig"}
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.asked.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.instead[r.URL.Path]; f != nil {
		f(w, r)
		return
	}
	switch {
	case h.down.Load():
		w.WriteHeader(http.StatusBadGateway)
	case r.URL.Path == "/.well-known/openid-configuration":
		doc := map[string]any{"issuer": h.server.URL, "jwks_uri": h.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "ES256", "EdDSA", "HS256"}}
		maps.Copy(doc, h.says)
		_ = json.NewEncoder(w).Encode(doc)
	case r.URL.Path == "/keys":
		var set jose.JSONWebKeySet
		for _, k := range h.keys {
			set.Keys = append(set.Keys, k.Public())
		}
		_ = json.NewEncoder(w).Encode(set)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (h *house) clock() time.Time     { return time.Unix(0, h.now.Load()) }
func (h *house) pass(d time.Duration) { h.now.Add(int64(d)) }
func (h *house) verifier() *Verifier  { return New(Options{Clock: h.clock}) }
func (h *house) settings() issuer.OIDC {
	return issuer.OIDC{Issuer: h.server.URL, Audience: "demo", Claim: "sub"}
}
func (h *house) set(name string, v any) { h.mu.Lock(); defer h.mu.Unlock(); h.says[name] = v }
func (h *house) rotate(k jose.JSONWebKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys = []jose.JSONWebKey{k}
}
func (h *house) answer(p string, f http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.instead[p] = f
}

// claims are those of a good token.
func (h *house) claims() map[string]any {
	return map[string]any{"iss": h.server.URL, "aud": "demo", "sub": "alice", "iat": h.clock().Unix(), "exp": h.clock().Add(10 * time.Minute).Unix()}
}

func (h *house) sign(k jose.JSONWebKey, claims map[string]any) string {
	h.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Algorithm), Key: k}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		h.t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		h.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// good is a token that is good now.
func (h *house) good() string { return h.sign(h.keys[0], h.claims()) }

func (h *house) want(v *Verifier, token string, want error) {
	h.t.Helper()
	id, err := v.Authenticate(h.t.Context(), h.settings(), token)
	if want == nil && (err != nil || id != "alice") || !errors.Is(err, want) || err != nil && id != "" {
		h.t.Errorf("got %q, %v; want %v", id, err, want)
	}
	if err != nil && token != "" && strings.Contains(err.Error(), token) {
		h.t.Errorf("the error holds the token: %v", err)
	}
}

// settles waits until a fetch that has ended is out of the way: until then the library
// answers with what it brought.
func (h *house) settles(v *Verifier, token string, want error) {
	h.t.Helper()
	for range 10_000 {
		if _, err := v.Authenticate(h.t.Context(), h.settings(), token); errors.Is(err, want) {
			break
		}
		runtime.Gosched()
	}
	h.want(v, token, want)
}

func TestAlgorithms(t *testing.T) {
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			h := newHouse(t)
			h.rotate(newKey(t, "k", alg))
			h.want(h.verifier(), h.good(), nil)
		})
	}
}

func TestRefused(t *testing.T) {
	h := newHouse(t)
	with := func(name string, v any) string {
		claims := h.claims()
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
		return h.sign(h.keys[0], claims)
	}
	good := h.good()
	parts := strings.Split(good, ".")
	public, err := json.Marshal(h.keys[0].Public())
	if err != nil {
		t.Fatal(err)
	}
	v := h.verifier()
	for name, token := range map[string]string{
		"empty": "", "no token": "a.b.c", "too long": strings.Repeat("a", maxToken+1),
		"other issuer":         with("iss", "https://id.example"),
		"issuer with a slash":  with("iss", h.server.URL+"/"),
		"no issuer":            with("iss", nil),
		"other audience":       with("aud", "other"),
		"other audiences":      with("aud", []string{"a", "b"}),
		"no audience":          with("aud", nil),
		"expired":              with("exp", h.clock().Unix()-1),
		"no expiry":            with("exp", nil),
		"not yet":              with("nbf", h.clock().Add(time.Hour).Unix()),
		"no subject":           with("sub", nil),
		"empty subject":        with("sub", ""),
		"subject not text":     with("sub", 7),
		"subject too long":     with("sub", strings.Repeat("a", 256)),
		"subject with control": with("sub", "a\nb"),
		"unknown key":          h.sign(newKey(t, "two", jose.ES256), h.claims()),
		"key of that name":     h.sign(newKey(t, "one", jose.ES256), h.claims()),
		"unsigned":             parts[0] + "." + parts[1] + ".",
		"alg none":             "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"public key as secret": h.sign(jose.JSONWebKey{Key: public, KeyID: "one", Algorithm: "HS256"}, h.claims()),
		"changed":              parts[0] + "." + parts[1][:len(parts[1])-4] + "AAAA." + parts[2],
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			h.want(v, token, ErrRefused)
		})
	}
	h.t = t
	h.want(v, with("aud", []string{"other", "demo"}), nil)
	h.want(v, good, nil)
}

func TestClaims(t *testing.T) {
	h := newHouse(t)
	v := h.verifier()
	for _, c := range []struct {
		claim, value string
		verified     any
		want         string
	}{
		{"preferred_username", "bob", nil, "bob"},
		{"email", "b@example.org", true, "b@example.org"},
		{"email", "b@example.org", false, ""},
		{"email", "b@example.org", nil, ""},
		{"email", "b@example.org", "true", ""},
		{"nickname", "", nil, ""},
	} {
		claims := h.claims()
		claims[c.claim], claims["email_verified"] = c.value, c.verified
		settings := h.settings()
		settings.Claim = c.claim
		got, err := v.Authenticate(t.Context(), settings, h.sign(h.keys[0], claims))
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func TestRotation(t *testing.T) {
	h := newHouse(t)
	v := h.verifier()
	old := h.good()
	h.want(v, old, nil)
	asked := h.asked.Load()
	for range 10 {
		h.want(v, old, nil)
	}
	if h.asked.Load() != asked {
		t.Error("keys are not kept")
	}
	h.rotate(newKey(t, "two", jose.ES256))
	h.pass(freshFor)
	h.settles(v, h.good(), nil)
	h.settles(v, old, ErrRefused)
}

// Tokens with made-up keys do not aim this server at the provider.
func TestNoHammering(t *testing.T) {
	h := newHouse(t)
	v := h.verifier()
	h.want(v, h.good(), nil)
	asked := h.asked.Load()
	for i := range 50 {
		h.want(v, h.sign(newKey(t, fmt.Sprint(i), jose.ES256), h.claims()), ErrRefused)
	}
	if n := h.asked.Load() - asked; n > 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestWithdrawnKeyEnds(t *testing.T) {
	h := newHouse(t)
	v := h.verifier()
	old := h.keys[0]
	h.want(v, h.good(), nil)
	h.rotate(newKey(t, "two", jose.ES256))
	h.pass(maxAge)
	h.want(v, h.sign(old, h.claims()), ErrRefused)
}

func TestOutage(t *testing.T) {
	h := newHouse(t)
	v := h.verifier()
	h.down.Store(true)
	h.want(v, h.good(), ErrProvider)
	asked := h.asked.Load()
	h.want(v, h.good(), ErrProvider)
	if h.asked.Load() != asked {
		t.Error("a provider that is down is not left alone")
	}
	// From then on it is asked again, and nobody waits for the answer.
	h.pass(pause)
	h.down.Store(false)
	h.want(v, h.good(), ErrProvider)
	v.later.Wait()
	h.want(v, h.good(), nil)
	// Down when a new key appears: nobody can say whether the token is good.
	h.down.Store(true)
	h.pass(freshFor)
	h.settles(v, h.sign(newKey(t, "two", jose.ES256), h.claims()), ErrProvider)
	h.want(v, h.good(), nil)
	// But of a token that is wrong in another way everybody can.
	h.want(v, h.sign(h.keys[0], map[string]any{"iss": h.server.URL, "aud": "demo", "sub": "alice", "exp": 1}), ErrRefused)
	h.down.Store(false)
	h.pass(pause)
	h.settles(v, h.sign(newKey(t, "two", jose.ES256), h.claims()), ErrRefused)
}

// A provider that takes connections and says nothing holds up nobody but those who ask
// first, and is asked by one at a time.
func TestSilentProvider(t *testing.T) {
	for name, path := range map[string]string{"discovery": "/.well-known/openid-configuration", "keys": "/keys"} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			v := h.verifier()
			h.answer(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
			h.want(v, h.good(), ErrProvider)
			asked, silent := make(chan struct{}, 9), make(chan struct{})
			h.answer(path, func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-silent })
			h.pass(pause)
			for len(asked) == 0 {
				h.want(v, h.good(), ErrProvider)
				runtime.Gosched()
			}
			for range 5 {
				h.want(v, h.good(), ErrProvider)
			}
			if len(asked) != 1 {
				t.Error("it is asked more than once at a time")
			}
			close(silent)
			v.later.Wait()
		})
	}
}

func TestBadProviders(t *testing.T) {
	const discovery = "/.well-known/openid-configuration"
	for name, spoil := range map[string]func(*house){
		"another issuer": func(h *house) { h.set("issuer", "https://id.example") },
		"keys elsewhere": func(h *house) { h.set("jwks_uri", "https://id.example/keys") },
		"keys in a file": func(h *house) { h.set("jwks_uri", "file:///etc/passwd") },
		"not JSON": func(h *house) {
			h.answer(discovery, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
		},
		"algorithms of another type": func(h *house) { h.set("id_token_signing_alg_values_supported", 7) },
		"endless": func(h *house) {
			h.answer(discovery, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", maxDocument+1)) })
		},
		"endless keys": func(h *house) {
			h.answer("/keys", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", maxDocument+1)) })
		},
		"redirect to another scheme": func(h *house) {
			h.answer(discovery, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://id.example/", http.StatusFound)
			})
		},
		"redirect in a circle": func(h *house) {
			h.answer(discovery, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, discovery, http.StatusFound) })
		},
		"breaks off": func(h *house) {
			h.answer(discovery, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				fmt.Fprint(w, "{")
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			spoil(h)
			h.want(h.verifier(), h.good(), ErrProvider)
		})
	}
}

func TestRedirectIsFollowed(t *testing.T) {
	h := newHouse(t)
	h.set("jwks_uri", h.server.URL+"/moved")
	h.answer("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/keys", http.StatusFound) })
	h.want(h.verifier(), h.good(), nil)
}

func TestAlgorithmsOfTheProvider(t *testing.T) {
	h := newHouse(t)
	h.set("id_token_signing_alg_values_supported", []string{"HS256"})
	h.want(h.verifier(), h.good(), ErrRefused)
	h = newHouse(t)
	h.set("id_token_signing_alg_values_supported", nil)
	h.want(h.verifier(), h.good(), nil)
}

func TestIssuers(t *testing.T) {
	v := New(Options{Transport: refuseAll{}})
	for issuer, ok := range map[string]bool{
		"https://id.example": true, "https://id.example/tenant": true, "http://localhost:1": true, "http://[::1]:1": true, "http://127.0.0.9": true,
		"http://id.example": false, "http://127.0.0.1.evil.example": false, "http://localhost.evil.example": false,
		"http://localhost@evil.example": false, "https://": false, "ftp://id.example": false, "": false, "https://a:b@id.example": false, "http://%": false,
	} {
		_, err := v.discover(t.Context(), issuer)
		if asked := errors.Is(err, errAsked); asked != ok || !errors.Is(err, ErrProvider) {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}

var errAsked = errors.New("asked")

type refuseAll struct{}

func (refuseAll) RoundTrip(*http.Request) (*http.Response, error) { return nil, errAsked }

func TestProvidersAreBounded(t *testing.T) {
	var p providers
	now := time.Unix(0, 0)
	for i := range mostProviders + 5 {
		p.entry(fmt.Sprint(i), now.Add(time.Duration(i)))
	}
	if len(p.all) != mostProviders || p.all["4"] != nil || p.all["5"] == nil {
		t.Errorf("%d providers", len(p.all))
	}
}

func TestDocumentsAreBounded(t *testing.T) {
	h := newHouse(t)
	f := newFetcher(h.server.URL, http.DefaultTransport, h.clock, new(sync.WaitGroup))
	for i := range 3 * mostDocuments {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/%d", h.server.URL, i), nil)
		if got, err := f.RoundTrip(r); err == nil {
			_ = got.Body.Close()
			t.Fatal("a 404 is an answer")
		}
	}
	if len(f.docs) > mostDocuments {
		t.Errorf("%d documents", len(f.docs))
	}
}

func TestWaitingEnds(t *testing.T) {
	h := newHouse(t)
	v := h.verifier()
	e := v.providers.entry(h.server.URL, h.clock())
	<-e.turn // somebody is discovering it
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Authenticate(ctx, h.settings(), h.good()); !errors.Is(err, ErrProvider) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	h := newHouse(t)
	v, token := h.verifier(), h.good()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if id, err := v.Authenticate(t.Context(), h.settings(), token); id != "alice" || err != nil {
				t.Errorf("%q, %v", id, err)
			}
		})
	}
	all.Wait()
	if n := h.asked.Load(); n != 2 {
		t.Errorf("asked %d times, want once for each document", n)
	}
}

func TestDefaults(t *testing.T) {
	if v := New(Options{}); v.clock == nil || v.transport == nil {
		t.Error("no defaults")
	}
}
