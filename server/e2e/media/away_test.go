package media_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
)

// TestRedisAway: without Redis calls go on and revocations end them, nobody new comes in
// and is told so at once. When it is back, even empty, whoever comes is in the room where
// the others are.
func TestRedisAway(t *testing.T) {
	for _, way := range []struct {
		name       string
		away, back func(*redisServer)
	}{
		{"stopped", (*redisServer).stop, (*redisServer).start},
		{"frozen", (*redisServer).freeze, (*redisServer).thaw},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			n := openNodes(t)
			a := n.app(nil)
			n.host(a, lobby, n.a)
			alice, bob := n.a.mustJoin(a.credential("alice", lobby)), n.b.mustJoin(a.credential("bob", lobby))
			talking(t, alice, bob)
			way.away(n.redis)
			for _, p := range []*party{alice, bob} {
				p.forget(livekit.TrackSource_MICROPHONE)
				p.hears(livekit.TrackSource_MICROPHONE)
			}
			n.nobodyNew(t, a)
			n.stillRevokes(t, a, alice)
			way.back(n.redis)
			n.allBack(t, a, alice)
		})
	}
}

// talking has two users talk to each other.
func talking(t *testing.T, alice, bob *party) {
	t.Helper()
	for speaker, other := range map[*party]*party{alice: bob, bob: alice} {
		if err := speaker.send(livekit.TrackSource_MICROPHONE); err != nil {
			t.Fatal(err)
		}
		other.hears(livekit.TrackSource_MICROPHONE)
	}
}

// nobodyNew checks what is refused without Redis, and that it does not take long.
func (n *nodes) nobodyNew(t *testing.T, a *app) {
	t.Helper()
	listener := a.credential("dave", lobby)
	listener.PrivateMapKey = a.ticket("dave", lobby, 42)
	carol := a.credential("carol", lobby)
	var joins sync.WaitGroup
	for _, w := range []*world{n.a, n.b} {
		joins.Go(func() {
			started := time.Now()
			if p, err := w.join(carol); err == nil {
				p.room.Disconnect()
				t.Error("carol came in")
			} else if !strings.Contains(err.Error(), "usersig unavailable") {
				t.Errorf("carol is told: %v", err)
			}
			after := time.Since(started)
			t.Logf("a join was refused after %v", after.Round(time.Millisecond))
			if after > 3*time.Second { // the SDK asks twice
				t.Errorf("carol waited for %v", after)
			}
		})
	}
	joins.Wait()
	if status, body := n.b.send("/rtc/check", listener); status != http.StatusServiceUnavailable {
		t.Errorf("check without the right to create: %d %s", status, body)
	}
	if status, out := n.a.Try("GET", a.path("/rooms/n100/users"), nil); status != http.StatusServiceUnavailable {
		t.Errorf("who is there: %d %v", status, out)
	}
}

// stillRevokes checks that a revocation ends a session without Redis.
func (n *nodes) stillRevokes(t *testing.T, a *app, alice *party) {
	t.Helper()
	n.b.Must("POST", a.path("/users/bob/revoke"), nil)
	started := time.Now()
	alice.silent(livekit.TrackSource_MICROPHONE)
	after := time.Since(started) - quiet
	t.Logf("a revoked user is heard no more %v after the reply at the latest", after.Round(time.Millisecond))
	if after > promise {
		t.Errorf("bob was heard for %v", after)
	}
}

// allBack checks that all is as before when Redis is back.
func (n *nodes) allBack(t *testing.T, a *app, alice *party) {
	t.Helper()
	back, c := time.Now(), a.credential("carol", lobby)
	var carol *party
	eventually(t, patience, "carol's coming in", func() bool {
		p, err := n.b.join(c)
		carol = p
		return err == nil
	})
	t.Logf("the first comes in %v after Redis is back", time.Since(back).Round(time.Millisecond))
	carol.hears(livekit.TrackSource_MICROPHONE)
	n.b.usersAre(a, lobby, "alice", "carol")
	select {
	case why := <-alice.gone:
		t.Errorf("alice had to leave: %s", why)
	default:
	}
}

// TestNodesHeal: users of one room who are on two nodes, because Redis forgot where the
// room was or because a node was thought dead, come to be on one.
func TestNodesHeal(t *testing.T) {
	n := openNodes(t)
	a := n.app(nil)
	n.host(a, lobby, n.a)
	alice := n.a.mustJoin(a.credential("alice", lobby))
	if err := alice.send(livekit.TrackSource_MICROPHONE); err != nil {
		t.Fatal(err)
	}
	n.host(a, lobby, n.b)
	bob := n.b.mustJoin(a.credential("bob", lobby))
	started := time.Now()
	bob.hears(livekit.TrackSource_MICROPHONE)
	t.Logf("they meet after %v", time.Since(started).Round(time.Millisecond))
	n.a.usersAre(a, lobby, "alice", "bob")
}
