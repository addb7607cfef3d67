package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// reader counts what is read of it.
type reader struct {
	io.Reader
	n int
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += n
	return n, err
}

// send sends a body of which the length is known or not.
func (w *world) send(as string, rt *route, body io.Reader, length int64) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), rt.method, w.path(rt), body)
	r.ContentLength = length
	r.Header.Set("Content-Type", "application/json")
	if as != "nobody" {
		r.Header.Set("Authorization", "Bearer "+w.keys[as])
	}
	got := httptest.NewRecorder()
	w.api.ServeHTTP(got, r)
	w.check(r, got)
	return got
}

func TestBodyCaps(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for _, rt := range w.api.routes {
			if rt.body == 0 || rt.who == admin {
				continue
			}
			most := int(rt.body)
			if want := map[bool]int{false: 64 << 10, true: 1 << 20}[rt.id == "issueBatch"]; most != want {
				t.Errorf("%s takes %d bytes, want %d", rt.pattern(), most, want)
			}
			for _, known := range []bool{true, false} {
				length := int64(-1)
				if known {
					length = int64(most + 1)
				}
				body := &reader{Reader: strings.NewReader(strings.Repeat(" ", most+1))}
				if got := w.send("operator", rt, body, length); got.Code != http.StatusRequestEntityTooLarge || w.problem(got).Reason != "too_large" {
					t.Errorf("%s: %d bytes: status %d", rt.pattern(), most+1, got.Code)
				}
				if known && body.n > 0 {
					t.Errorf("%s: a body that is known to be too large is read", rt.pattern())
				}
				body = &reader{Reader: strings.NewReader(strings.Repeat(" ", most+1))}
				if got := w.send("nobody", rt, body, length); got.Code != http.StatusUnauthorized || body.n > 0 {
					t.Errorf("%s: nobody: status %d after %d bytes", rt.pattern(), got.Code, body.n)
				}
			}
			full := w.known(rules[rt.id].body)
			full += strings.Repeat(" ", most-len(full))
			if got := w.send("operator", rt, strings.NewReader(full), int64(most)); got.Code == http.StatusRequestEntityTooLarge {
				t.Errorf("%s: %d bytes are too large", rt.pattern(), most)
			}
		}
	})
}

func TestKickBodyCap(t *testing.T) {
	run(t, Options{}, func(w *world) {
		got := w.do(request{as: "nobody", method: "POST", path: w.kickPath(), body: strings.Repeat(" ", small+1)})
		if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `"ErrorCode":60008`) {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
}

// broken is a body whose connection fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestBrokenBodies(t *testing.T) {
	run(t, Options{}, func(w *world) {
		rt := w.api.routes["POST /v1/apps"]
		for _, c := range []struct {
			err  error
			want int
		}{
			{fmt.Errorf("read tcp: %w", os.ErrDeadlineExceeded), http.StatusRequestTimeout},
			{io.ErrUnexpectedEOF, http.StatusBadRequest},
		} {
			if got := w.send("operator", rt, broken{c.err}, -1); got.Code != c.want {
				t.Errorf("%v: status %d, want %d", c.err, got.Code, c.want)
			}
		}
	})
}

func TestStrictJSON(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for text, want := range map[string]error{
		`{"a":1,"a":1}`: errDuplicate, `[{"a":{"b":1,"b":2}}]`: errDuplicate, `{"\u0061":1,"a":1}`: errDuplicate,
		"{\"a\":\"\xff\"}": errNotUTF8, deep: errDeep,
		``: errNotJSON, `{`: errNotJSON, `{"a"`: errNotJSON, `{"a":}`: errNotJSON, `[1`: errNotJSON, `[1,]`: errNotJSON,
		`{"a":1,}`: errNotJSON, `{1:1}`: errNotJSON, `1 2`: errNotJSON, `{} x`: errNotJSON, `[}`: errNotJSON, `nul`: errNotJSON,
		`{"a":[1,"b",true,null,{}]}`: nil, ` 1 `: nil,
	} {
		var v any
		if err := unmarshal([]byte(text), &v); !errors.Is(err, want) || err != nil && v != nil {
			t.Errorf("%.40s: %v, %v; want %v", text, v, err, want)
		}
	}
}

func TestSource(t *testing.T) {
	s := &server{opts: Options{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:1", "203.0.113.9", "192.0.2.1"}, // whoever is no proxy is not believed
		{"10.0.0.1:1", "203.0.113.9", "203.0.113.9"},
		{"[::ffff:10.0.0.1]:1", "203.0.113.9", "203.0.113.9"},
		{"[::1]:1", "1.1.1.1, 203.0.113.9, 10.9.9.9", "203.0.113.9"}, // what is to the left is made up
		{"10.0.0.1:1", "1.1.1.1, rubbish, 10.9.9.9", "10.9.9.9"},
		{"10.0.0.1:1", "10.2.2.2, 10.9.9.9", "10.2.2.2"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "1.1.1.1, 203.0.113.9:4711, 10.9.9.9:80", "203.0.113.9"},
		{"10.0.0.1:1", "[2001:db8::7]:443", "2001:db8::7"},
		{"10.0.0.1:1", "[2001:db8::7]", "2001:db8::7"},
		{"10.0.0.1:1", "2001:db8::7", "2001:db8::7"},
		{"10.0.0.1:1", "1.1.1.1, [203.0.113.9]", "10.0.0.1"},
		{"10.0.0.1:1", "1.1.1.1, [2001:db8::7", "10.0.0.1"},
		{"10.0.0.1:1", "1.1.1.1, 203.0.113.9:x", "10.0.0.1"},
		{"10.0.0.1:1", "1.1.1.1, unknown", "10.0.0.1"},
		{"10.0.0.1:1", "1.1.1.1,", "10.0.0.1"},
		{"[fe80::1%eth0]:1", "", "fe80::1"},
		{"@", "203.0.113.9", "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.source(r).String(); got != c.want {
			t.Errorf("%s for %q is %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for id, kept := range map[string]bool{"abc-1.2_Z": true, "": false, strings.Repeat("x", 65): false, "a b": false, "a\"b": false, "日": false} {
			got := w.do(request{method: "GET", path: "/healthz", header: http.Header{"X-Request-Id": {id}}}).Header().Get("X-Request-Id")
			if (got == id) != kept || got == "" {
				t.Errorf("%q becomes %q", id, got)
			}
		}
	})
}

func TestOrigins(t *testing.T) {
	run(t, Options{Origins: []string{"https://app.example"}}, func(w *world) {
		path := "/v1/apps/" + w.vars["app"] + "/usersigs"
		ask := func(method, path, origin, wants string) http.Header {
			h := http.Header{"Origin": {origin}}
			if wants != "" {
				h.Set("Access-Control-Request-Method", wants)
			}
			return w.do(request{as: "user", method: method, path: path, header: h, body: "{}"}).Header()
		}
		for _, c := range []struct {
			method, path, origin, wants string
			allowed                     bool
		}{
			{"POST", path, "https://app.example", "", true},
			{"POST", path, "https://evil.example", "", false},
			{"POST", path, "null", "", false},
			{"POST", path + ":batch", "https://app.example", "", false},
			{"GET", "/v1/me", "https://app.example", "", false},
			{"OPTIONS", path, "https://app.example", "POST", true},
			{"OPTIONS", path, "https://evil.example", "POST", false},
			{"OPTIONS", path, "https://app.example", "DELETE", false},
			{"OPTIONS", path + ":batch", "https://app.example", "POST", false},
			{"OPTIONS", "/v1/apps", "https://app.example", "POST", false},
			{"OPTIONS", path, "https://app.example", "", false},
		} {
			h := ask(c.method, c.path, c.origin, c.wants)
			if got := h.Get("Access-Control-Allow-Origin"); (got == c.origin) != c.allowed || got != "" && !c.allowed {
				t.Errorf("%+v: allowed %q", c, got)
			}
			if h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%+v: with cookies", c)
			}
		}
	})
	run(t, Options{}, func(w *world) {
		h := w.do(request{as: "user", method: "POST", path: "/v1/apps/" + w.vars["app"] + "/usersigs", header: http.Header{"Origin": {"https://app.example"}}, body: "{}"}).Header()
		if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "" {
			t.Errorf("without origins: %v", h)
		}
	})
}

func TestObserved(t *testing.T) {
	run(t, Options{}, func(w *world) {
		path := "/v1/apps/" + w.vars["app"]
		for _, c := range []struct {
			q    request
			want seen
		}{
			{request{as: "read", method: "GET", path: path}, seen{"GET " + app, "ok"}},
			{request{as: "issue", method: "GET", path: path}, seen{"GET " + app, "denied"}},
			{request{method: "GET", path: "/v1/evil\x7f"}, seen{"none", "not_found"}},
			{request{as: "verify", method: "POST", path: path + "/verify", body: `{"token":"","userid":"a"}`}, seen{"POST " + app + "/verify", "70002"}},
			{request{method: "POST", path: "/v4/im_open_login_svc/kick"}, seen{"POST /v4/im_open_login_svc/kick", "60012"}},
			{request{as: "issue", method: "POST", path: path + "/usersigs", body: `{"userid":"a b"}`}, seen{"POST " + app + "/usersigs", "invalid"}},
			{request{as: "issue", method: "POST", path: path + "/usersigs", body: `{`}, seen{"POST " + app + "/usersigs", "malformed_request"}},
		} {
			q := c.q
			q.path = strings.ReplaceAll(q.path, "\x7f", "%7f")
			w.do(q)
			if got := w.seen[len(w.seen)-1]; got != c.want {
				t.Errorf("%s %s: %v, want %v", q.method, q.path, got, c.want)
			}
		}
	})
}
