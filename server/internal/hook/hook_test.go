package hook

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"usersig"
	"usersig/server/internal/gate"
)

func TestWhoMayAsk(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	from := func(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	same := func(*http.Request) {}
	for _, test := range []struct {
		name   string
		opts   Options
		path   string
		change func(*http.Request)
		may    bool
	}{
		{"loopback", Options{}, "", same, true},
		{"loopback of IPv6", Options{}, "", from("[::1]:1"), true},
		{"another machine", Options{}, "", from("192.0.2.1:1"), false},
		{"no address", Options{}, "", from("@"), false},
		{"by a proxy", Options{}, "", header("X-Forwarded-For", "192.0.2.1"), false},
		{"by another proxy", Options{}, "", header("Via", "1.1 x"), false},
		{"a page", Options{}, "", header("Origin", "http://127.0.0.1"), false},
		{"a configured network", Options{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, "", from("192.0.2.1:1"), true},
		{"not in it any more", Options{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, "", same, false},
		{"the secret", Options{Secret: []byte("s3cr3t")}, "?secret=s3cr3t", same, true},
		{"no secret", Options{Secret: []byte("s3cr3t")}, "", same, false},
		{"another secret", Options{Secret: []byte("s3cr3t")}, "?secret=s3cr3T", same, false},
		{"two secrets", Options{Secret: []byte("s3cr3t")}, "?secret=s3cr3t&secret=x", same, false},
		{"the secret from elsewhere", Options{Secret: []byte("s3cr3t")}, "?secret=s3cr3t", from("192.0.2.1:1"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			runWith(t, gate.Options{}, test.opts, func(w *world) {
				status := http.StatusForbidden
				if test.may {
					status = http.StatusNoContent
				}
				body := nginxBody("1", "publish", w.stream("alice"), query("UserSig", w.sig("alice")))
				w.want(w.post("/hooks/nginx-rtmp"+test.path, body, test.change), status, "")
			})
		})
	}
}

func TestBodies(t *testing.T) {
	run(t, func(w *world) {
		w.want(w.post("/hooks/nginx-rtmp", strings.Repeat("x", mostBody+1)), 400, "")
		w.want(w.post("/hooks/mediamtx", strings.Repeat(" ", mostBody+1)), 400, "")
		w.want(w.post("/hooks/other", ""), 404, "")
		w.want(w.post("/hooks/mediamtx", "", func(r *http.Request) { r.Method = http.MethodGet }), 405, "")
	})
}

func TestStream(t *testing.T) {
	for _, s := range []Stream{
		{1400000001, "alice", usersig.Room{ID: 123}},
		{1400000001, "alice", usersig.Room{Name: "123"}},
		{1, "张三 a+b/c.d", usersig.Room{Name: "会议.1"}},
	} {
		if got, err := ParseStream(s.String()); err != nil || got != s {
			t.Errorf("ParseStream(%q) = %v, %v, want %v", s, got, err, s)
		}
	}
	for _, name := range []string{"", "..", "1.YWxpY2U.n0", "01.YWxpY2U.n1", "1.YWxpY2U.n1.", "1.YWxpY2U.n1.x", "1.YWxpY2U", "1.YW=.n1"} {
		if s, err := ParseStream(name); err == nil {
			t.Errorf("ParseStream(%q) = %v, want an error", name, s)
		}
	}
}
