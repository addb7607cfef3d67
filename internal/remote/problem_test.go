package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/internal/remote"
)

func TestProblem(t *testing.T) {
	const text = `{"type":"/docs#invalid","title":"The request is not valid","status":999,"reason":"invalid","detail":"no, ` + token + `","request_id":"r1",
		"errors":[{"location":"body.ttl","message":"expected integer"}],
		"refusal":{"code":70013,"trtc":-100018,"reason":"user_mismatch","message":"m","remedy":"r","check":"user"}}`
	c, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { problem(w, 422, text) })
	_, err := c.App(t.Context(), app)
	p, ok := errors.AsType[*remote.Problem](err)
	if !ok || p.Status != 422 || p.Reason != "invalid" || p.RequestID != "r1" || p.Refusal == nil || !errors.Is(p.Refusal, usersig.ErrUserMismatch) {
		t.Fatalf("error %#v", err)
	}
	if err.Error() != "no, …; body.ttl: expected integer" || strings.Contains(fmt.Sprintf("%+v", p), token) {
		t.Errorf("%v", err)
	}
	for _, c := range []struct {
		p    remote.Problem
		want string
	}{
		{remote.Problem{Title: "T"}, "T"},
		{remote.Problem{Errors: []remote.Wrong{{Location: "a", Message: "b"}, {Location: "c", Message: "d"}}}, "a: b; c: d"},
		{remote.Problem{Detail: strings.Repeat("é", 1000)}, strings.Repeat("é", 500) + "…"},
	} {
		if got := c.p.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestProblemOfAUser(t *testing.T) {
	for text, want := range map[string]int{
		`{"index":2,"detail":"user ID 3 of 10: claims cannot be signed: user ID has a control character"}`: 2,
		`{"index":0,"detail":"user ID 1 of 1: this application allows letters in user IDs"}`:               0,
		`{"index":7,"errors":[{"location":"body.items[7].userid","message":"expected length >= 1"}]}`:      7,
		`{"index":7,"errors":[{"location":"body.items[7].ttl","message":"expected integer"}]}`:             -1,
		`{"index":0,"detail":"user ID 1 of 9: claims cannot be signed: TTL of 9 s is longer"}`:             -1,
		`{"index":-1,"detail":"user ID 0 of 9: user ID is empty"}`:                                         -1,
		`{"detail":"user ID 3 of 10: claims cannot be signed: user ID has a control character"}`:           -1,
		`{"detail":"claims cannot be signed"}`:                                                             -1, `{}`: -1,
	} {
		var p remote.Problem
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		index, why, ok := p.User()
		if ok != (want >= 0) || ok && (index != want || why == "" || strings.Contains(why, "claims cannot")) {
			t.Errorf("User of %s = %d, %q, %v", text, index, why, ok)
		}
	}
}

// Whatever answers in place of usersigd is not believed.
func TestNotOurs(t *testing.T) {
	large := `{"name":"` + strings.Repeat("a", 4<<20) + `"}`
	for _, c := range map[string]struct {
		status     int
		kind, text string
		want       remote.Fault
	}{
		"a page":            {200, "text/html", "<h1>Sign in</h1>", remote.NotOurs},
		"no type":           {200, "", `{}`, remote.NotOurs},
		"torn JSON":         {200, "application/json", `{"name":`, remote.NotOurs},
		"another shape":     {200, "application/json", `[]`, remote.NotOurs},
		"a page that fails": {502, "text/html", "<h1>Bad gateway</h1>", remote.NotOurs},
		"a torn problem":    {500, "application/problem+json", `{"reason":`, remote.NotOurs},
		"another problem":   {500, "application/problem+json", `{"title":"x"}`, remote.NotOurs},
		"too large":         {200, "application/json", large, remote.TooLarge},
		"too large problem": {500, "application/problem+json", large[:100<<10], remote.TooLarge},
	} {
		client, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { reply(w, c.status, c.kind, c.text) })
		_, err := client.App(t.Context(), app)
		fault(t, err, c.want)
	}
}

// An API key without its secret is none.
func TestAPIKeyWithoutSecret(t *testing.T) {
	c, _, _ := serve(t, says(`{"apikey":{"id":"i"}}`))
	_, err := c.CreateAPIKey(t.Context(), app, remote.NewAPIKey{Name: "a"})
	fault(t, err, remote.NotOurs)
}

func TestBrokenConnection(t *testing.T) {
	c, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) {
		w.Header().Set("Content-Length", "100")
		reply(w, 200, "application/json", `{"name":`)
	})
	_, err := c.App(t.Context(), app)
	if fault(t, err, remote.Unreachable); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v does not say what broke", err)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	if c, err = remote.New(closed.URL, token, nil); err != nil {
		t.Fatal(err)
	}
	err = c.DeleteAPIKey(t.Context(), app, "id of somebody")
	if fault(t, err, remote.Unreachable); strings.Contains(err.Error(), "somebody") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}

func TestTimeout(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	defer s.Close()
	defer close(done)
	c, err := remote.New(s.URL, token, &remote.Options{Timeout: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.App(t.Context(), app)
	fault(t, err, remote.TooSlow)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.App(ctx, app); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was canceled", err)
	}
}
