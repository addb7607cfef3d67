package door

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"usersig"
	"usersig/server/internal/gate"
)

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
