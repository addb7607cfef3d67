package benchtable

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/daemon"
	"usersig/server/internal/httpapi"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/pgtest"
	"usersig/server/internal/store/postgres"
	"usersig/server/internal/store/sqlite"
)

const wish = `{"userid":"alice","ttl":3600}`

// scheme is a sort of key.
type scheme struct {
	name     string
	settings string // of an application, as JSON
	target   float64
	key      usersig.SigningKey
}

// works lists the rows: a UserSig from the whole daemon, as it is started, beside an
// empty handler that is sent the same request; and what of that is the audit log.
func works(t *testing.T) (all []*work) {
	schemes := []scheme{
		{"v2", `{"scheme":"hmac","custody":"hosted"}`, 2, must(usersig.GenerateSecret())(t)},
		// There is no target for v1: most of it is the signature.
		{"v1 P-256", `{"scheme":"ecdsa","curve":"P-256","custody":"hosted"}`, unlimited, must(usersig.GenerateKey(usersig.P256))(t)},
		{"v1 secp256k1", `{"scheme":"ecdsa","curve":"secp256k1","custody":"hosted"}`, unlimited, must(usersig.GenerateKey(usersig.Secp256k1))(t)},
	}
	empty := newLoad(t, "empty handler", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "")
	wanted := must(regexp.Compile(*only))(t).MatchString
	for _, store := range []string{"SQLite", "PostgreSQL"} {
		var d *served
		for _, s := range schemes {
			name := "issue " + s.name + ", " + store
			if !wanted(name) {
				continue
			}
			if d == nil {
				d = start(t, store)
			}
			w := &work{name, s.target, d.issue(t, name, s.settings), empty, signer(t, s.key)}
			if len(all) == 0 {
				empty.request = w.ours.request
			}
			all = append(all, w)
		}
	}
	for _, store := range []string{"SQLite", "PostgreSQL"} {
		name := "audit of issue v2, " + store
		if !wanted(name) {
			continue
		}
		all = append(all, &work{name, unlimited, service(t, name, store, false), service(t, name+", left out", store, true), signer(t, schemes[0].key)})
	}
	return all
}

// unlimited is the target of what is measured to be known. JSON has no infinity.
const unlimited = 1000

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func signer(t *testing.T, key usersig.SigningKey) func() error {
	s := must(usersig.NewSigner(issuer.FirstAppID, key, nil))(t)
	buf := make([]byte, 0, 1024)
	return func() error {
		_, err := s.AppendSign(buf, usersig.Claims{UserID: "alice", TTL: time.Hour})
		return err
	}
}

// served is a daemon that serves, and its operator.
type served struct {
	address string
	token   string
}

func start(t *testing.T, store string) *served {
	dir := t.TempDir()
	cfg := must(config.Load(config.Source{Flags: func(c *config.Config) {
		c.Listen, c.Data, c.Init = "127.0.0.1:0", dir, true
		c.Limits.PerKey = config.Rate{} // what one back end may do is far below what can be done
		if store == "PostgreSQL" {
			c.Store = pgtest.URL(t)
		}
	}}))(t)
	d := must(daemon.Open(t.Context(), cfg, daemon.Options{}))(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	token := must(os.ReadFile(filepath.Join(dir, "operator.token")))(t)
	return &served{d.Addr().String(), strings.TrimSpace(string(token))}
}

// issue makes an application and a key for it, and returns the load of its back end.
func (d *served) issue(t *testing.T, name, settings string) *load {
	var made struct {
		App struct {
			ID uint32 `json:"sdkappid"`
		} `json:"app"`
	}
	var key struct {
		Secret string `json:"secret"`
	}
	d.call(t, "/v1/apps", `{"name":"bench","settings":`+settings+`}`, &made)
	path := fmt.Sprintf("/v1/apps/%d", made.App.ID)
	d.call(t, path+"/apikeys", `{"name":"bench","scopes":["issue"]}`, &key)
	return &load{name: name, address: d.address, request: []byte(post(path+"/usersigs", key.Secret, wish))}
}

func (d *served) call(t *testing.T, path, body string, into any) {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+d.address+path, strings.NewReader(body)))(t)
	r.Header.Set("Authorization", "Bearer "+d.token)
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text := must(io.ReadAll(got.Body))(t)
	if got.StatusCode != http.StatusCreated {
		t.Fatalf("POST %s: %d %s", path, got.StatusCode, text)
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// unrecorded is a store that keeps no record of what changes nothing.
type unrecorded struct{ issuer.Store }

// Commit implements [issuer.Store].
func (s unrecorded) Commit(ctx context.Context, entries []*audit.Entry, act func(issuer.Tx) error) error {
	if act == nil {
		return nil
	}
	return s.Store.Commit(ctx, entries, act)
}

// service returns the load of the API over a store, with the audit log or without.
func service(t *testing.T, name, store string, without bool) *load {
	var kept issuer.Store
	if store == "PostgreSQL" {
		kept = must(postgres.Open(t.Context(), pgtest.URL(t), &postgres.Options{Init: true}))(t)
	} else {
		kept = must(sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), &sqlite.Options{Init: true, Lag: config.Default().AuditSync}))(t)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	if without {
		kept = unrecorded{kept}
	}
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	svc := must(issuer.New(t.Context(), kept, must(custody.OpenFile(path))(t), issuer.Options{}))(t)
	t.Cleanup(svc.Close)
	root := access.Caller{ID: "apikey:bench", Scopes: []access.Scope{access.ScopeOperator}}
	if err := svc.Init(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	made := must(svc.CreateApp(t.Context(), root, issuer.NewApp{Name: "bench", Settings: issuer.Settings{Scheme: "hmac", Custody: "hosted"}}))(t)
	_, key, err := svc.CreateAPIKey(t.Context(), root, made.App.ID, issuer.NewAPIKey{Name: "bench", Scopes: []access.Scope{access.ScopeIssue}})
	if err != nil {
		t.Fatal(err)
	}
	return newLoad(t, name, httpapi.New(svc, httpapi.Options{}), post(fmt.Sprintf("/v1/apps/%d/usersigs", made.App.ID), key, wish))
}
