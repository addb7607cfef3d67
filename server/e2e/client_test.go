package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

type object = map[string]any

// client is a back end that calls the API.
type client struct {
	base, credential string
	http             *http.Client
}

// client returns one with as many connections as it needs.
func (d *daemon) client(credential string) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	d.t.Cleanup(transport.CloseIdleConnections)
	return &client{d.base, credential, &http.Client{Transport: transport, Timeout: time.Minute}}
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// try sends a request. The error says that there was no whole answer.
func (c *client) try(method, path string, body any, headers ...string) (reply, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, c.base+path, in)
	if err != nil {
		return reply{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.credential != "" {
		req.Header.Set("Authorization", "Bearer "+c.credential)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	return read(resp)
}

// read reads a reply to its end.
func read(resp *http.Response) (reply, error) {
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, text}, err
}

// send is try for a daemon that must answer.
func (c *client) send(t testing.TB, method, path string, body any) reply {
	t.Helper()
	r, err := c.try(method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// must is send for what must succeed. It returns the reply's JSON.
func (c *client) must(t testing.TB, method, path string, body any) object {
	t.Helper()
	r := c.send(t, method, path, body)
	if r.status/100 != 2 {
		t.Fatalf("%s %s = %d %s", method, path, r.status, r.body)
	}
	return r.object(t)
}

// object returns the reply's JSON.
func (r reply) object(t testing.TB) object {
	t.Helper()
	if len(r.body) == 0 {
		return nil
	}
	var out object
	if err := json.Unmarshal(r.body, &out); err != nil {
		t.Fatalf("%d %.200q is not JSON: %v", r.status, r.body, err)
	}
	return out
}

// decode reads the reply's JSON into v, for goroutines, which must not end a test.
func (r reply) decode(v any) error {
	if err := json.Unmarshal(r.body, v); err != nil {
		return fmt.Errorf("%d %.200q is not what was asked for: %w", r.status, r.body, err)
	}
	return nil
}

// wantUnavailable checks a clear refusal: 503, a problem that says so, when to come back,
// and nothing of what went wrong inside.
func (r reply) wantUnavailable(t testing.TB) {
	t.Helper()
	p := r.object(t)
	if r.status != http.StatusServiceUnavailable || p["reason"] != "unavailable" || r.header.Get("Retry-After") == "" ||
		r.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("reply = %d %v %s, want a clear 503", r.status, r.header, r.body)
	}
}

// hosted makes an application whose keys are hosted, and returns its path.
func (c *client) hosted(t testing.TB, settings object) string {
	t.Helper()
	wish := object{"custody": "hosted"}
	for name, value := range settings {
		wish[name] = value
	}
	made := c.must(t, "POST", "/v1/apps", object{"name": "demo", "settings": wish})
	return fmt.Sprintf("/v1/apps/%.0f", made["app"].(object)["sdkappid"])
}

// issue returns a UserSig.
func (c *client) issue(t testing.TB, app, user string) string {
	t.Helper()
	return c.must(t, "POST", app+"/usersigs", object{"userid": user})["usersig"].(string)
}

// questions makes each question come from another address: those who fail too often from
// one are refused for that alone.
var questions atomic.Uint32

func question(user, token string) object {
	n := questions.Add(1)
	source := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	return object{"userid": user, "token": token, "source": source}
}

// verdict returns "ok", or the reason why a token is not good.
func (c *client) verdict(t testing.TB, app, user, token string) string {
	t.Helper()
	return reason(c.must(t, "POST", app+"/verify", question(user, token)))
}

func reason(verdict object) string {
	if verdict["ok"] == true {
		return "ok"
	}
	refusal, _ := verdict["refusal"].(object)
	return fmt.Sprint(refusal["reason"])
}

// eventually asks until the answer is the wanted one, and returns how long that took.
func eventually(t testing.TB, within time.Duration, what string, ask func() bool) time.Duration {
	t.Helper()
	started := time.Now()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !ask() {
		if time.Since(started) > within {
			t.Fatalf("%s: not within %v", what, within)
		}
		<-again.C
	}
	return time.Since(started)
}
