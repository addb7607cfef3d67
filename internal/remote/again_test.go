package remote_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"usersig"
	"usersig/internal/remote"
)

func TestAgainOnce(t *testing.T) {
	ok := `{"usersig":"` + sign(t, usersig.Claims{UserID: "alice"}) + `"}`
	for _, c := range []struct {
		name, after string
		status      int
		failures    int
		want        []time.Duration
		good        bool
	}{
		{"busy", "3", 429, 1, []time.Duration{3 * time.Second}, true},
		{"away", "2", 503, 1, []time.Duration{2 * time.Second}, true},
		{"at once", "0", 503, 1, []time.Duration{0}, true},
		{"no time said", "", 429, 1, []time.Duration{time.Second}, true},
		{"a date", "Mon, 23 Nov 2026 09:00:00 GMT", 429, 1, []time.Duration{time.Second}, true},
		{"twice", "1", 429, 2, []time.Duration{time.Second}, false},
		{"for too long", "61", 429, 1, nil, false},
		{"for ever", "99999999999", 503, 1, []time.Duration{time.Second}, true},
		{"another failure", "1", 500, 1, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, got, waits := serve(t, func(w http.ResponseWriter, _ asked, n int) {
				if n > c.failures {
					reply(w, 200, "application/json", ok)
					return
				}
				w.Header().Set("Retry-After", c.after)
				problem(w, c.status, `{"reason":"limited"}`)
			})
			_, err := client.IssueUserSig(t.Context(), app, "alice", time.Hour)
			if (err == nil) != c.good || !slices.Equal(*waits, c.want) || len(got()) != len(c.want)+1 {
				t.Errorf("%v after %d requests and %v", err, len(got()), *waits)
			}
			for _, r := range got() {
				if r.body != `{"userid":"alice","ttl":3600}` {
					t.Errorf("sent %s", r.body)
				}
			}
		})
	}
}

// A server that is away may have done it before it went. What is done twice is not
// asked for again, unless an idempotency key, or what it is, keeps it from being done twice.
func TestNotAgain(t *testing.T) {
	for status, again := range map[int]bool{429: true, 503: false} {
		for name, c := range requests {
			client, got, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { problem(w, status, `{"reason":"unavailable"}`) })
			err := c.do(client)
			if want := 1 + bit(again || c.again); err == nil || len(got()) != want {
				t.Errorf("%s, %d: %v after %d requests, want %d", name, status, err, len(got()), want)
			}
			keys(t, name, got(), c.once)
		}
	}
}

// requests are those that change something that cannot be changed back, whether they may
// be sent again, and whether an idempotency key goes with them.
var requests = map[string]struct {
	again, once bool
	do          func(*remote.Client) error
}{
	"create an app": {true, true, func(c *remote.Client) error {
		_, err := c.CreateApp(context.Background(), remote.NewApp{Name: "a"})
		return err
	}},
	"create a key": {true, true, func(c *remote.Client) error {
		_, err := c.CreateAPIKey(context.Background(), app, remote.NewAPIKey{})
		return err
	}},
	"create an operator": {true, true, func(c *remote.Client) error {
		_, err := c.CreateOperator(context.Background(), remote.NewAPIKey{})
		return err
	}},
	"rotate": {true, true, func(c *remote.Client) error {
		_, err := c.RotateKey(context.Background(), app, remote.Rotation{})
		return err
	}},
	"kill": {true, false, func(c *remote.Client) error {
		_, err := c.KillKey(context.Background(), app, "k", remote.Killing{Reason: "r", Replace: true})
		return err
	}},
	"import": {true, true, func(c *remote.Client) error {
		_, err := c.ImportKey(context.Background(), app, remote.OwnKey{PublicKey: "PEM"})
		return err
	}},
	"delete": {false, false, func(c *remote.Client) error { return c.DeleteApp(context.Background(), app) }},
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// keys checks that all requests have the same idempotency key, or none.
func keys(t *testing.T, name string, got []asked, want bool) {
	t.Helper()
	for _, r := range got {
		if key := r.Header.Get("Idempotency-Key"); (key != "") != want || key != got[0].Header.Get("Idempotency-Key") {
			t.Errorf("%s: idempotency key %q after %q, want one: %v", name, key, got[0].Header.Get("Idempotency-Key"), want)
		}
	}
}

// An answer that was lost is asked for again, and not the thing itself: the server says
// that it had done it.
func TestLostAnswer(t *testing.T) {
	for name, lose := range map[string]func(w http.ResponseWriter){
		"before it": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"within it": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			reply(w, 201, "application/json", `{"apikey":`)
		},
	} {
		for request, c := range requests {
			client, got, waits := serve(t, func(w http.ResponseWriter, _ asked, n int) {
				if n == 1 {
					lose(w)
					return
				}
				w.Header().Set("Idempotency-Replayed", "true")
				reply(w, 201, "application/json", `{"apikey":{"id":"i"}}`)
			})
			err := c.do(client)
			if want := 1 + bit(c.again); (err == nil) != c.again || len(got()) != want || len(*waits) != 0 {
				t.Errorf("%s, %s: %v after %d requests, want %d", request, name, err, len(got()), want)
			}
			keys(t, request, got(), c.once)
		}
	}
	c, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) {
		w.Header().Set("Idempotency-Replayed", "true")
		reply(w, 201, "application/json", `{"apikey":{"id":"i"}}`)
	})
	made, err := c.CreateAPIKey(t.Context(), app, remote.NewAPIKey{Once: "mine"})
	if err != nil || !made.Replayed || made.Value.APIKey.ID != "i" {
		t.Errorf("%+v, %v", made, err)
	}
}

// TestLost holds after which failures something may have been done.
func TestLost(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	c, err := remote.New(gone.URL, token, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.CreateApp(t.Context(), remote.NewApp{})
	if e, ok := errors.AsType[*remote.Error](err); !ok || e.Lost() {
		t.Errorf("nobody was asked, and it may be done: %v", err)
	}
	c, got, _ := serve(t, func(http.ResponseWriter, asked, int) { panic(http.ErrAbortHandler) })
	_, err = c.CreateApp(t.Context(), remote.NewApp{Once: "mine"})
	if e, ok := errors.AsType[*remote.Error](err); !ok || !e.Lost() || got()[0].Header.Get("Idempotency-Key") != "mine" {
		t.Errorf("the connection was cut, and it cannot be done: %v", err)
	}
	for fault, want := range map[remote.Fault]bool{remote.TooSlow: true, remote.NotOurs: true, remote.TooLarge: true, remote.Untrusted: false, remote.Redirected: false} {
		if (&remote.Error{Fault: fault}).Lost() != want {
			t.Errorf("fault %d: want %v", fault, want)
		}
	}
}

// Who gives up while the server wants to be left alone does not wait.
func TestGiveUpBetween(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		problem(w, 429, `{"reason":"limited"}`)
		cancel()
	}))
	defer s.Close()
	c, err := remote.New(s.URL, token, nil) // with a real timer
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.App(ctx, app); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	again := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		problem(w, 429, `{"reason":"limited"}`)
	}))
	defer again.Close()
	if c, err = remote.New(again.URL, token, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.App(t.Context(), app); err == nil {
		t.Error("no error")
	}
}
