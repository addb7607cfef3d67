package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// entries returns what was recorded since there were n entries.
func (w *world) entries(n int) []audit.Entry {
	w.t.Helper()
	all, err := w.store.Audit(w.t.Context(), 0, int64(n), 1<<20)
	w.ok(err)
	return all
}

func (w *world) adminSig(app string) string {
	w.t.Helper()
	t, err := w.svc.Issue(w.t.Context(), root, w.app(app), issuer.Wish{UserID: "administrator"})
	w.ok(err)
	w.secrets = append(w.secrets, t.Token)
	return t.Token
}

// kickPath returns the path of a kick by an administrator.
func (w *world) kickPath() string {
	return "/v4/im_open_login_svc/kick?sdkappid=" + w.vars["app"] + "&identifier=administrator&usersig=" + w.adminSig("app")
}

// Nothing of the body is read before it is known that an administrator sends it.
func TestKickReadsNothingOfStrangers(t *testing.T) {
	run(t, Options{}, func(w *world) {
		kick := "/v4/im_open_login_svc/kick?sdkappid=" + w.vars["app"] + "&identifier=administrator"
		ask := func(path, auth string) (code string, read int) {
			body := &reader{Reader: strings.NewReader(`{"Identifier":"alice"}`)}
			r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, body)
			r.ContentLength = -1
			if auth != "" {
				r.Header.Set("Authorization", "Bearer "+auth)
			}
			got := httptest.NewRecorder()
			w.api.ServeHTTP(got, r)
			if (got.Header().Get("Connection") == "close") != (body.n == 0) {
				t.Errorf("%s: %d bytes were read, and Connection is %q", path, body.n, got.Header().Get("Connection"))
			}
			_, code, _ = strings.Cut(got.Body.String(), `"ErrorCode":`)
			return strings.Trim(code, "}\n"), body.n
		}
		stranger, err := w.svc.Issue(w.t.Context(), root, w.app("app"), issuer.Wish{UserID: "mallory"})
		w.ok(err)
		for path, want := range map[string]string{
			kick: "60004", kick + "&usersig=x": "70003", kick + "&usersig=" + w.adminSig("other"): "70014",
			strings.Replace(kick, "administrator", "mallory", 1) + "&usersig=" + stranger.Token: "70403",
			strings.Replace(kick, "sdkappid=", "sdkappid=x", 1):                                 "60006",
		} {
			if code, n := ask(path, ""); code != want || n != 0 {
				t.Errorf("%s: code %s after %d bytes, want %s", path, code, n, want)
			}
		}
		if code, n := ask(kick, w.adminSig("app")); code != "0" || n == 0 {
			t.Errorf("an administrator: code %s after %d bytes", code, n)
		}
	})
}

// What strangers are refused is on record, and does not fill the disk.
func TestStrangersAreOnRecord(t *testing.T) {
	run(t, Options{PerSource: Limit{PerSecond: -1}}, func(w *world) {
		kick := "/v4/im_open_login_svc/kick?sdkappid=" + w.vars["app"] + "&identifier=administrator&usersig=x"
		n := len(w.entries(0))
		var first *httptest.ResponseRecorder
		for range 50 {
			first = w.do(request{method: "POST", path: kick, body: `{"Identifier":"alice"}`})
		}
		if !strings.Contains(first.Body.String(), "70050") {
			t.Errorf("there is no lock: %s", first.Body)
		}
		w.do(request{method: "POST", path: kick, body: `{"Identifier":"alice"}`, from: "198.51.100.1"})
		time.Sleep(time.Second) // in the bubble
		w.do(request{method: "POST", path: kick, body: `{"Identifier":"alice"}`})
		got := w.entries(n)
		var details []string
		for _, e := range got {
			details = append(details, e.Source+" "+e.Detail)
			if e.Caller != "stranger" || e.Outcome != audit.Denied || e.App != w.app("app") || e.Subject != "administrator" || e.Action != access.RevokeUser || e.Request == "" {
				t.Errorf("recorded %+v", e)
			}
		}
		if strings.Join(details, ", ") != "192.0.2.1 malformed, 198.51.100.1 malformed, 192.0.2.1 too_many_failures" {
			t.Errorf("recorded %q", details)
		}
		time.Sleep(time.Minute) // in the bubble
		if got := w.entries(n); len(got) != 4 || !strings.HasPrefix(got[3].Detail, "49 more since ") {
			t.Errorf("a minute later: %+v", got)
		}
	})
}

// An API key that is there and is not taken is on record by its ID.
func TestWrongKeysAreOnRecord(t *testing.T) {
	run(t, Options{}, func(w *world) {
		n := len(w.entries(0))
		ask := func(key string) {
			w.keys["wrong"] = key
			if got := w.do(request{as: "wrong", method: "GET", path: "/v1/me"}); got.Code != http.StatusUnauthorized {
				t.Errorf("%d", got.Code)
			}
		}
		good := w.keys["read"]
		last := "A"
		if strings.HasSuffix(good, "A") {
			last = "E"
		}
		ask(good[:len(good)-1] + last)
		ask("usk_0123456789abcdef_" + strings.Repeat("A", 43))
		got := w.entries(n)
		if len(got) != 1 || got[0].Subject != w.vars["read_id"] || got[0].Action != issuer.UseAPIKey || got[0].Outcome != audit.Denied || got[0].App != w.app("app") {
			t.Errorf("recorded %+v", got)
		}
	})
}

// Who may not is denied on record, whatever else is wrong with the request, and nothing
// of the body is read.
func TestDenialComesFirst(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for _, rt := range w.api.routes {
			if rt.action == "" || rt.who == admin {
				continue
			}
			n := len(w.entries(0))
			body := &reader{Reader: strings.NewReader(`{`)}
			got := w.send("stranger", rt, body, -1)
			denied := w.entries(n)
			if got.Code != http.StatusForbidden || body.n > 0 || len(denied) != 1 || denied[0].Outcome != audit.Denied || denied[0].Action != rt.action || denied[0].Caller != "apikey:"+w.vars["stranger_id"] {
				t.Errorf("%s: %d after %d bytes, recorded %+v", rt.pattern(), got.Code, body.n, denied)
			}
		}
		got := w.do(request{as: "stranger", method: "GET", path: "/v1/apps/x"})
		if got.Code != http.StatusUnprocessableEntity {
			t.Errorf("no application: %d", got.Code)
		}
	})
}

// One address has few requests of strangers under way, all of them have a quarter, and
// who is known gets through until everything is taken.
func TestSlots(t *testing.T) {
	s := newSlots(128)
	var held []slot
	for range mostOfSource {
		h, p := s.stranger("a")
		if p != nil {
			t.Fatal(p)
		}
		held = append(held, h)
	}
	if _, p := s.stranger("a"); p == nil || p.kind != kindLimited || p.retryAfter == 0 {
		t.Errorf("one too many of a source: %+v", p)
	}
	for range 128/4 - mostOfSource - 1 {
		h, _ := s.stranger("b")
		held = append(held, h)
	}
	if h, p := s.stranger("c"); p != nil {
		t.Error("the last of the quarter is refused")
	} else {
		s.prove(&h) // it is one no longer
		held = append(held, h)
	}
	if h, p := s.stranger("c"); p != nil {
		t.Error("who has proved who they are counts as a stranger")
	} else {
		held = append(held, h)
	}
	if _, p := s.stranger("d"); p == nil || p.kind != kindUnavailable {
		t.Errorf("one too many of all: %+v", p)
	}
	for range 128 - len(held) {
		h, p := s.known()
		if p != nil {
			t.Fatal(p)
		}
		held = append(held, h)
	}
	if _, p := s.known(); p == nil || p.kind != kindUnavailable {
		t.Errorf("more than all: %+v", p)
	}
	for range 2 { // to give back twice is to give back once
		for i := range held {
			s.release(&held[i])
		}
	}
	if s.all.Load() != 0 || s.strangers.Load() != 0 || len(s.of) != 0 {
		t.Errorf("%d and %d slots are lost, of %v", s.all.Load(), s.strangers.Load(), s.of)
	}
	if h, p := newSlots(1).stranger("a"); p != nil || !h.held {
		t.Error("of one slot strangers have none")
	}
}

// deadlines is a ResponseWriter that notes how long the client may take.
type deadlines struct {
	*httptest.ResponseRecorder
	after []time.Duration
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.after = append(d.after, time.Until(at))
	return nil
}

// Nobody has longer for a reply than its route has for it, and an export goes on for as
// long as the client takes what it gets.
func TestWriteDeadlines(t *testing.T) {
	run(t, Options{}, func(w *world) {
		ask := func(rt *route, header http.Header) []time.Duration {
			r := httptest.NewRequestWithContext(w.t.Context(), rt.method, w.path(rt), strings.NewReader("{}"))
			r.Header = header
			got := &deadlines{ResponseRecorder: httptest.NewRecorder()}
			w.api.ServeHTTP(got, r)
			return got.after
		}
		for _, rt := range w.api.routes {
			got := ask(rt, http.Header{})
			if len(got) != 1 || got[0] != min(rt.time, slow)+margin {
				t.Errorf("%s: %v", rt.pattern(), got)
			}
		}
		w.fill(2 * exportPage)
		export := http.Header{"Accept": {ndjson}, "Authorization": {"Bearer " + w.keys["operator"]}}
		got := ask(w.api.routes["GET /v1/audit"], export)
		if len(got) != 4 || got[3] != slow {
			t.Errorf("an export of three pages: %v", got)
		}
	})
}
