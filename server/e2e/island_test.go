package e2e

import (
	"strings"
	"testing"
)

// TestIsland: a node that serves media and shares a store with others, but no Redis, does
// not start: users of one room could be on two nodes and never meet.
func TestIsland(t *testing.T) {
	const shared = "postgres://nobody@127.0.0.1:1/none"
	for _, one := range []struct {
		name, line string
		good       bool
	}{
		{"nothing said of media", "", true}, // then it serves none
		{"media", "media: on", false},
		{"media without Redis", "media: {udp_port: 7883}", false},
		{"media with Redis", "media: {redis: {address: '127.0.0.1:6379'}}", true},
		{"no media", "media: off", true},
	} {
		n := newNode(t, onPostgres(shared), one.line)
		_, said, err := n.run("check-config")
		if (err == nil) != one.good || one.good == strings.Contains(said, "media.redis.address") {
			t.Errorf("%s: check-config: %v\n%s", one.name, err, said)
		}
		if one.good {
			continue // it would look for the database
		}
		if _, said, err := n.run(); err == nil || !strings.Contains(said, "media.redis.address") {
			t.Errorf("%s: the node starts: %v\n%s", one.name, err, said)
		}
	}
}
