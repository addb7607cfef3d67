package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// provider is an OpenID provider: another project's server, with its users, its login
// page, its codes and its tokens. What it adds to that server's own storage is what an
// administrator can do: change the signing key, and how long ID tokens live.
type provider struct {
	*storage.Storage
	issuer string

	mu       sync.Mutex
	signing  *signingKey
	known    []*signingKey // published, the signing one included
	lifetime time.Duration
}

// signingKey implements the provider's two ways to see a key.
type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

func (k *signingKey) ID() string                                  { return k.id }
func (k *signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k *signingKey) Key() any                                    { return k.key }

// published is the public half.
type published struct{ *signingKey }

func (p published) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (p published) Use() string                        { return "sig" }
func (p published) Key() any                           { return &p.key.PublicKey }

// startProvider starts a provider for the clients web and other, which are told the code
// at a redirect address.
func startProvider(t *testing.T, redirect string) *provider {
	t.Helper()
	p := &provider{lifetime: time.Hour}
	p.rotate(t)
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	p.issuer = server.URL
	storage.RegisterClients(storage.WebClient("web", "secret", redirect), storage.WebClient("other", "secret", redirect))
	p.Storage = storage.NewStorage(storage.NewUserStore(p.issuer))
	// Its logger becomes that of the process, which says nothing else.
	handler = exampleop.SetupServer(p.issuer, p, slog.New(slog.DiscardHandler), false)
	return p
}

// rotate makes a new signing key and withdraws the old one.
func (p *provider) rotate(t *testing.T) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signing = &signingKey{rand.Text(), key}
	p.known = []*signingKey{p.signing}
}

func (p *provider) live(lifetime time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lifetime = lifetime
}

// SigningKey implements [op.Storage].
func (p *provider) SigningKey(context.Context) (op.SigningKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signing, nil
}

// KeySet implements [op.Storage].
func (p *provider) KeySet(context.Context) ([]op.Key, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keys []op.Key
	for _, k := range p.known {
		keys = append(keys, published{k})
	}
	return keys, nil
}

// GetClientByClientID implements [op.Storage].
func (p *provider) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	found, err := p.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return mortal{found, p.lifetime}, nil
}

// mortal is a client whose ID tokens live as long as the provider says.
type mortal struct {
	op.Client
	lifetime time.Duration
}

// IDTokenLifetime implements [op.Client].
func (m mortal) IDTokenLifetime() time.Duration { return m.lifetime }

// site is the customer's web site: it sends users to the provider and gets their codes.
type site struct {
	t      *testing.T
	server *httptest.Server
	codes  chan string
}

func startSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, codes: make(chan string, 1)}
	s.server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.codes <- r.FormValue("code")
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) redirect() string { return s.server.URL + "/callback" }

var authRequest = regexp.MustCompile(`name="id" value="([^"]+)"`)

// logIn goes through the authorization code flow as a browser does, and returns the
// user's ID token for a client.
func (s *site) logIn(p *provider, clientID, username string) string {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	page := s.fetch(browser.Get(p.issuer + "/auth?" + url.Values{
		"client_id": {clientID}, "redirect_uri": {s.redirect()}, "response_type": {"code"},
		"scope": {"openid profile email"}, "state": {rand.Text()}, "nonce": {rand.Text()},
	}.Encode()))
	id := authRequest.FindStringSubmatch(page)
	if id == nil {
		s.t.Fatalf("the provider shows no login page: %s", page)
	}
	s.fetch(browser.PostForm(p.issuer+"/login/username", url.Values{
		"id": {id[1]}, "username": {username}, "password": {"verysecure"},
	}))
	return s.redeem(p, clientID, s.code())
}

func (s *site) code() string {
	s.t.Helper()
	select {
	case code := <-s.codes:
		return code
	default:
		s.t.Fatal("the provider did not send the user back")
		return ""
	}
}

// redeem trades a code for the ID token.
func (s *site) redeem(p *provider, clientID, code string) string {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, p.issuer+"/oauth/token", strings.NewReader(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.redirect()},
	}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(clientID, "secret")
	var tokens struct {
		ID string `json:"id_token"`
	}
	if text := s.fetch(http.DefaultClient.Do(req)); json.Unmarshal([]byte(text), &tokens) != nil || tokens.ID == "" {
		s.t.Fatalf("the provider gives no ID token: %s", text)
	}
	return tokens.ID
}

// fetch reads a reply that must be good.
func (s *site) fetch(resp *http.Response, err error) string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := read(resp)
	if err != nil || r.status != http.StatusOK {
		s.t.Fatalf("%s = %d %s %v", resp.Request.URL.Path, r.status, r.body, err)
	}
	return string(r.body)
}
