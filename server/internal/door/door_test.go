package door

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/gate"
)

// TestLater: who is asked to come again is told when, and the log is not filled by it.
func TestLater(t *testing.T) {
	var log bytes.Buffer
	for after, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", 1001 * time.Millisecond: "2"} {
		w := httptest.NewRecorder()
		Refuse(w, httptest.NewRequestWithContext(t.Context(), "GET", "/rtc", nil), slog.New(slog.NewTextHandler(&log, nil)), &Later{429, after})
		if w.Code != 429 || w.Header().Get("Retry-After") != want || !strings.HasPrefix(w.Body.String(), "usersig unavailable: ") {
			t.Errorf("after %v: %d %v %s", after, w.Code, w.Header(), w.Body)
		}
	}
	if log.Len() > 0 {
		t.Errorf("the log has %s", &log)
	}
}

// TestOriginWithoutTLS: a page that anybody on the way could have written is not of a
// server with TLS, though its host has the same name.
func TestOriginWithoutTLS(t *testing.T) {
	var encrypted bool
	listed := []string{"https://app.example"}
	o := Origins{Listed: func() []string { return listed }, Encrypted: func(*http.Request) bool { return encrypted }}
	allowed := func(origin string) bool {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/rtc/check", nil)
		r.Host = "rtc.example"
		r.Header.Set("Origin", origin)
		return o.Allow(httptest.NewRecorder(), r)
	}
	for _, test := range []struct {
		origin    string
		encrypted bool
		want      bool
	}{
		{"https://rtc.example", true, true},
		{"http://rtc.example", true, false},
		{"http://rtc.example", false, true},
		{"https://rtc.example", false, true}, // what ends TLS does not say so
		{"https://rtc.example:8443", true, false},
		{"ftp://rtc.example", false, false},
		{"https://app.example", true, true},
		{"http://app.example", true, false},
		{"null", false, false},
	} {
		if encrypted = test.encrypted; allowed(test.origin) != test.want {
			t.Errorf("%s, encrypted %v: %v", test.origin, encrypted, !test.want)
		}
	}
	if listed = nil; allowed("https://app.example") {
		t.Error("a site that is not listed any more may call")
	}
}

func TestRefuse(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		text   string // in the reply to a POST
	}{
		{usersig.ErrExpired, 401, `"code":70001`},
		{usersig.ErrRevoked, 401, `"reason":"revoked"`},
		{usersig.ErrTooManyFailures, 429, `"code":70050`},
		{usersig.ErrNoGrant, 403, `"trtc":-100006`},
		{usersig.ErrNoRightSendVideo, 403, `"code":-102013`},
		{gate.ErrCrowded, 429, "too many connections"},
		{gate.ErrNoUser, 404, "not in the room"},
		{errors.New("password of the database: x"), 503, "unavailable"},
	} {
		var log bytes.Buffer
		for _, method := range []string{"GET", "POST"} {
			w := httptest.NewRecorder()
			Refuse(w, httptest.NewRequestWithContext(t.Context(), method, "/", nil), slog.New(slog.NewTextHandler(&log, nil)), test.err)
			text := w.Body.String()
			if w.Code != test.status || method == "POST" && !strings.Contains(text, test.text) || strings.Contains(text, "database") {
				t.Errorf("Refuse(%v) to a %s: %d %s, want %d with %q", test.err, method, w.Code, text, test.status, test.text)
			}
			if method == "GET" && !strings.HasPrefix(text, "usersig") {
				t.Errorf("Refuse(%v) to a GET: %s, want one line of text", test.err, text)
			}
		}
		if (log.Len() > 0) != (test.status == 503) {
			t.Errorf("Refuse(%v) wrote %q", test.err, &log)
		}
	}
}
