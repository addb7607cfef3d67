package gate_test

import (
	"errors"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/custody"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/memory"
)

var operator = access.Caller{ID: "apikey:operator", Scopes: []access.Scope{access.ScopeOperator}, Request: "r1"}

var lobby = usersig.Room{ID: 100}

// world is a gate over a service and a store in memory, inside a synctest bubble: its
// clock stands still unless everybody waits.
type world struct {
	*gate.Gate
	t   *testing.T
	svc *issuer.Service
	app uint32
}

// run runs f in a bubble, with an application whose tokens live for an hour at most.
func run(t *testing.T, opts gate.Options, f func(w *world)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	kek, err := custody.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(nil)
		svc, err := issuer.New(t.Context(), store, kek, issuer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		made, err := svc.CreateApp(t.Context(), operator, issuer.NewApp{Name: "calls", Settings: issuer.Settings{Scheme: "hmac", MaxTTL: 3600, UserIDs: "any"}})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{gate.New(svc, opts), t, svc, made.App.ID}
		defer func() { // also after t.Fatal, or the bubble would never end
			w.Close()
			svc.Close()
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(w)
	})
}

// credential is a good one.
func (w *world) credential(user string, grant *usersig.Grant) gate.Credential {
	w.t.Helper()
	c := gate.Credential{App: w.app, UserID: user, Room: lobby, UserSig: w.issue(user, nil)}
	if grant != nil {
		c.PrivateMapKey = w.issue(user, grant)
	}
	return c
}

func (w *world) issue(user string, grant *usersig.Grant) string {
	w.t.Helper()
	out, err := w.svc.Issue(w.t.Context(), operator, w.app, issuer.Wish{UserID: user, Grant: grant})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Token
}

func (w *world) enter(c gate.Credential) (gate.Pass, error) {
	return w.Enter(w.t.Context(), c, netip.MustParseAddr("192.0.2.7"))
}

func (w *world) mustEnter(user string, grant *usersig.Grant) gate.Pass {
	w.t.Helper()
	p, err := w.enter(w.credential(user, grant))
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) want(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("got %v, want %v", err, want)
	}
}

// seat is one that writes down what the gate does to it.
type seat struct {
	mu      sync.Mutex
	evicted []error
	limits  []gate.Rights
	warned  []time.Time
}

func (s *seat) Evict(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evicted = append(s.evicted, why)
}

func (s *seat) Limit(r gate.Rights) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = append(s.limits, r)
}

func (s *seat) Warn(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warned = append(s.warned, t)
}

// open begins a session.
func (w *world) open(p gate.Pass) (*gate.Session, *seat) {
	w.t.Helper()
	s := &seat{}
	session, err := w.Open(w.t.Context(), p, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return session, s
}

// left fails the test unless the user of a seat has to leave for a reason, by now.
func (w *world) left(s *seat, want error) {
	w.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.evicted) != 1 {
		w.t.Fatalf("evicted %d times: %v", len(s.evicted), s.evicted)
	}
	w.want(s.evicted[0], want)
}

func (w *world) stays(s *seat) {
	w.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.evicted) > 0 {
		w.t.Errorf("evicted: %v", s.evicted)
	}
}
