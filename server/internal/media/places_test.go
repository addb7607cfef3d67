package media

import (
	"net"
	"strconv"
	"testing"

	"github.com/livekit/protocol/livekit"
	"github.com/redis/go-redis/v9"
)

// noRedis is a client of a Redis that is not there.
func noRedis(t *testing.T) redis.UniversalClient {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(int(freeTCP(t)))), MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestServedThroughOutage: where the sessions of clients are is still known when Redis
// answers again. Their room can have moved meanwhile.
func TestServedThroughOutage(t *testing.T) {
	b := &bounded{}
	e := &Engine{lk: &livekitParts{redis: noRedis(t)}, calls: map[*bounded]livekit.RoomName{b: "room"}}
	p := &places{engine: e, served: map[*bounded]string{b: "ND_1"}}
	if err := p.look(t.Context()); err == nil {
		t.Fatal("there is a Redis")
	}
	if p.served[b] != "ND_1" {
		t.Errorf("the session is on %q", p.served[b])
	}
}
