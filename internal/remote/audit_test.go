package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"usersig/internal/remote"
)

func lines(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, `{"seq":%d,"action":"app.create"}`+"\n", i)
	}
	return b.String()
}

func TestAudit(t *testing.T) {
	c, got, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { reply(w, 200, "application/x-ndjson", lines(1, 700)) })
	n := 0
	each := func(r remote.Reply[remote.Entry]) error {
		if n++; r.Value.Seq != int64(n) || !json.Valid(r.JSON) {
			t.Errorf("entry %d: %s", n, r.JSON)
		}
		return nil
	}
	if err := c.Audit(t.Context(), app, each); err != nil || n != 700 {
		t.Errorf("%d entries, %v", n, err)
	}
	if err := c.Audit(t.Context(), 0, func(remote.Reply[remote.Entry]) error { return io.ErrShortWrite }); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v", err)
	}
	if got()[0].URL.Path != "/v1/apps/1400000000/audit" || got()[1].URL.Path != "/v1/audit" || !strings.HasPrefix(got()[0].Header.Get("Accept"), "application/x-ndjson") {
		t.Errorf("%s %s %v", got()[0].URL, got()[1].URL, got()[0].Header)
	}
	nothing := func(remote.Reply[remote.Entry]) error { return nil }
	for text, kind := range map[string]string{`{"entries":[]}`: "application/json", "rubbish\n": "application/x-ndjson", `{"seq":0}`: "application/x-ndjson"} {
		c, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { reply(w, 200, kind, text) })
		fault(t, c.Audit(t.Context(), app, nothing), remote.NotOurs)
	}
	torn, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) {
		reply(w, 200, "application/x-ndjson", lines(1, 2))
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	})
	fault(t, torn.Audit(t.Context(), app, nothing), remote.Unreachable)
	long, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) {
		reply(w, 200, "application/x-ndjson", `{"seq":1,"detail":"`+strings.Repeat("a", 70000)+`"}`)
	})
	if long.Audit(t.Context(), app, nothing) == nil {
		t.Error("an entry without end is read")
	}
}

// What is recorded while the log is followed comes once, and in order.
func TestFollow(t *testing.T) {
	entries := 3
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, last, next := 1, entries, ""
		if r.URL.Query().Get("cursor") == "two" {
			first = 201
		} else if entries > 200 {
			last, next = 200, `,"next":"two"`
		}
		text := strings.Join(strings.Split(strings.TrimSpace(lines(first, last)), "\n"), ",")
		reply(w, 200, "application/json", `{"entries":[`+text+`]`+next+`}`)
	}))
	defer s.Close()
	polls := 0
	c, err := remote.New(s.URL, token, &remote.Options{Wait: func(ctx context.Context, d time.Duration) error {
		if d != time.Minute {
			t.Errorf("waited %v", d)
		}
		switch polls++; polls {
		case 2:
			entries = 200
		case 3:
			entries = 205
		case 4:
			cancel()
		}
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	last := int64(0)
	err = c.Follow(ctx, app, time.Minute, func(r remote.Reply[remote.Entry]) error {
		if seen[r.Value.Seq] || r.Value.Seq != last+1 {
			t.Errorf("entry %d after %d", r.Value.Seq, last)
		}
		seen[r.Value.Seq], last = true, r.Value.Seq
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(slices.Collect(maps.Keys(seen))) != 205 {
		t.Errorf("%d entries, %v", len(seen), err)
	}
	failing, _, _ := serve(t, says(`{"entries":[{"seq":1}]}`))
	if err := failing.Follow(t.Context(), 0, 0, func(remote.Reply[remote.Entry]) error { return os.ErrClosed }); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v", err)
	}
}
