package hook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fakeAPI is the API of a MediaMTX that serves RTMP without TLS, and RTSP.
type fakeAPI struct {
	mu     sync.Mutex
	down   bool
	misses bool            // in its lists, as happens when they change from page to page
	rtsp   bool            // the connections are RTSP's, not RTMP's
	conns  map[string]bool // by ID; true for one that has begun, and can be ended
	kicked []string
}

func (a *fakeAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down {
		return nil, errors.New("connection refused")
	}
	reply := func(status int, text string) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.WriteHeader(status)
		_, _ = w.WriteString(text)
		return w.Result(), nil
	}
	what, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v3/"), "s/")
	do, id, _ := strings.Cut(id, "/")
	begun, there := a.conns[id]
	there = there && a.rtsp == strings.HasPrefix(what, "rtsp")
	switch r.Method + " " + what + " " + do {
	case "GET rtmpconn list", "GET rtspconn list":
		var items []map[string]any
		for id, begun := range a.conns {
			item := map[string]any{"id": id}
			if what == "rtmpconn" {
				item["state"] = map[bool]string{false: "idle", true: "publish"}[begun]
			} else if begun {
				item["session"] = id
			}
			if !a.misses && a.rtsp == (what == "rtspconn") {
				items = append(items, item)
			}
		}
		text, err := json.Marshal(map[string]any{"itemCount": len(items), "pageCount": 1, "items": items})
		if err != nil {
			return nil, err
		}
		return reply(200, string(text))
	case "GET rtmpconn get", "GET rtspconn get":
		session := "null"
		if begun {
			session = fmt.Sprintf("%q", id)
		}
		if there {
			return reply(200, `{"id":"`+id+`","session":`+session+`}`)
		}
	case "POST rtmpconn kick", "POST rtspsession kick":
		if there {
			delete(a.conns, id)
			a.kicked = append(a.kicked, what+" "+id)
			return reply(200, "")
		}
	}
	return reply(404, `{"error":"not found"}`)
}

// set changes the fake.
func (a *fakeAPI) set(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

func (a *fakeAPI) log() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.kicked, ", ")
}

// An address that answers, but is not the API, must not pass for one on which all
// streams are over.
func TestAPIThatIsNone(t *testing.T) {
	a, err := newAPI("http://127.0.0.1:9997/wrong", &fakeAPI{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.kick(t.Context(), "rtmp", someID); err == nil {
		t.Error("kick gave no error")
	}
	if _, err := a.begun(t.Context()); err == nil {
		t.Error("begun gave no error")
	}
	for _, url := range []string{"127.0.0.1:9997", "ftp://x", "http://", "http://%"} {
		if _, err := newAPI(url, nil); err == nil {
			t.Errorf("newAPI(%q) gave no error", url)
		}
	}
}
