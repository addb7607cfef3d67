package media_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"usersig/server/internal/config"
	"usersig/server/internal/hook"
)

// mediaMTX is the API of one that has three streams by RTMP.
type mediaMTX struct {
	mu    sync.Mutex
	ids   []string
	ended []string
}

func (m *mediaMTX) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch rest, ok := strings.CutPrefix(r.URL.Path, "/v3/rtmpconns/"); {
	case rest == "list":
		var items []string
		for _, id := range m.ids {
			items = append(items, fmt.Sprintf(`{"id": %q, "state": "publish"}`, id))
		}
		_, _ = fmt.Fprintf(w, `{"pageCount": 1, "items": [%s]}`, strings.Join(items, ","))
	case ok && strings.HasPrefix(rest, "kick/"):
		m.ended = append(m.ended, strings.TrimPrefix(rest, "kick/"))
	case !ok || !strings.HasPrefix(rest, "get/"):
		http.NotFound(w, r)
	}
}

// TestNodesShareMediaMTX: of the streams on it, nodes end those that none of them watches
// over, and tell each other by Redis which those are.
func TestNodesShareMediaMTX(t *testing.T) {
	t.Parallel()
	const ours, others, nobodys = "0f8fad5b-d9cb-469f-a165-70867728950e", "1f8fad5b-d9cb-469f-a165-70867728950e", "2f8fad5b-d9cb-469f-a165-70867728950e"
	m := &mediaMTX{ids: []string{ours, others, nobodys}}
	api := httptest.NewServer(m)
	defer api.Close()
	n := newNodes(t)
	n.a = open(t, func(c *config.Config) {
		n.join(c)
		c.Hooks.Enabled, c.Hooks.MediaMTXAPI = true, api.URL
	})
	n.identify(n.a)
	if err := n.redis.client.Set(t.Context(), "usersig:stream:"+others, "", 0).Err(); err != nil {
		t.Fatal(err)
	}
	a := n.a.app(nil)
	stream := hook.Stream{App: a.id, UserID: "alice", Room: lobby}.String()
	status, _ := n.a.Try("POST", "/hooks/mediamtx", object{
		"ip": "192.0.2.9", "action": "publish", "path": stream, "protocol": "rtmp", "id": ours, "query": "UserSig=" + a.sig("alice", 0),
	})
	if status != http.StatusNoContent {
		t.Fatalf("the hook answers %d", status)
	}
	if left := n.redis.client.TTL(t.Context(), "usersig:stream:"+ours).Val(); left <= 0 {
		t.Errorf("Redis has it for %v that the stream is watched over", left)
	}
	ended := func() string {
		m.mu.Lock()
		defer m.mu.Unlock()
		return strings.Join(m.ended, " ")
	}
	took := eventually(t, patience, "the end of a stream that nobody watches over", func() bool { return ended() != "" })
	t.Logf("it took %v", took)
	if got := ended(); got != nobodys {
		t.Errorf("ended: %s", got)
	}
}
