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
			if (err == nil) != c.good || !slices.Equal(*waits, c.want) || len(*got) != len(c.want)+1 {
				t.Errorf("%v after %d requests and %v", err, len(*got), *waits)
			}
			for _, r := range *got {
				if r.body != `{"userid":"alice","ttl":3600}` {
					t.Errorf("sent %s", r.body)
				}
			}
		})
	}
}

// A server that is away may have done it before it went. What is done twice is not
// asked for again.
func TestNotAgain(t *testing.T) {
	for status, want := range map[int]int{429: 2, 503: 1} {
		for name, do := range map[string]func(*remote.Client) error{
			"rotate": func(c *remote.Client) error { _, err := c.RotateKey(t.Context(), app, remote.Rotation{}); return err },
			"kill":   func(c *remote.Client) error { _, err := c.KillKey(t.Context(), app, "k", "r", true); return err },
			"create a key": func(c *remote.Client) error {
				_, err := c.CreateAPIKey(t.Context(), app, remote.NewAPIKey{})
				return err
			},
			"import": func(c *remote.Client) error { _, err := c.ImportKey(t.Context(), app, "PEM", false); return err },
			"delete": func(c *remote.Client) error { return c.DeleteApp(t.Context(), app) },
		} {
			c, got, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { problem(w, status, `{"reason":"unavailable"}`) })
			if err := do(c); err == nil || len(*got) != want {
				t.Errorf("%s, %d: %v after %d requests, want %d", name, status, err, len(*got), want)
			}
		}
	}
	c, got, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { problem(w, 503, `{"reason":"unavailable"}`) })
	_, _ = c.CreateApp(t.Context(), remote.NewApp{Name: "a"})
	if len(*got) != 2 || (*got)[0].Header.Get("Idempotency-Key") == "" || (*got)[0].Header.Get("Idempotency-Key") != (*got)[1].Header.Get("Idempotency-Key") {
		t.Errorf("%d requests without the same idempotency key", len(*got))
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
