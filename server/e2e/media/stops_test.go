package media_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"usersig"
	"usersig/server/internal/gate"
)

// soon is how long it may take until users hear each other again after their node was
// stopped. It is made of the clients' waiting between two tries, a second and more.
const soon = 10 * time.Second

// heardAnew fails the test unless each hears something from now on.
func heardAnew(all ...*party) {
	for _, p := range all {
		p.t.Helper()
		p.forget(livekit.TrackSource_MICROPHONE)
		p.hearsWithin(soon, livekit.TrackSource_MICROPHONE)
	}
}

// TestNodeStops: when the node that has a room is stopped, its users find each other on
// another by themselves and at once, those too who may enter rooms and not make them. Who
// was only connected to it goes on. A new configuration disturbs nobody.
func TestNodeStops(t *testing.T) {
	t.Parallel()
	n := newNodes(t)
	data, send := n.openProcess()
	n.second(data, n.a.Token)
	a := n.app(nil).at(n.b)
	n.host(a, lobby, n.a)
	hall := usersig.Room{ID: 101}
	n.host(a, hall, n.b)
	front := n.front()
	listener := a.credential("carol", lobby)
	listener.PrivateMapKey = a.ticket("carol", lobby, usersig.Audience)
	alice, bob := front.mustJoin(a.credential("alice", lobby)), n.b.mustJoin(a.credential("bob", lobby))
	carol := front.mustJoin(listener)
	erin, frank := front.mustJoin(a.credential("erin", hall)), n.b.mustJoin(a.credential("frank", hall))
	talking(t, alice, bob)
	talking(t, erin, frank)
	heardAnew(carol)

	sids := func() (all [4]string) {
		for i, p := range []*party{alice, bob, erin, frank} {
			all[i] = p.room.LocalParticipant.SID()
		}
		return all
	}
	before := sids()
	send(syscall.SIGHUP)
	eventually(t, patience, "the new configuration", func() bool { return strings.Contains(n.a.Log.String(), "the configuration was read again") })
	heardAnew(alice, bob, carol, erin, frank)
	if now := sids(); now != before {
		t.Errorf("after SIGHUP the sessions are %v, and were %v", now, before)
	}

	stopped := time.Now()
	send(syscall.SIGTERM)
	t.Logf("the node has ended after %v", time.Since(stopped).Round(time.Millisecond))
	heardAnew(alice, bob, carol)
	t.Logf("all hear each other %v after SIGTERM", time.Since(stopped).Round(time.Millisecond))
	heardAnew(erin, frank)
	if n.hostOf(a, lobby) != n.b {
		t.Error("the room did not move")
	}
	n.b.usersAre(a, lobby, "alice", "bob", "carol")
	now := sids()
	if now[0] == before[0] || now[2] != before[2] || now[3] != before[3] {
		t.Errorf("the sessions are %v, and were %v", now, before)
	}
	for _, p := range []*party{alice, bob, carol, erin, frank} {
		if s := p.room.ConnectionState(); s != lksdk.ConnectionStateConnected {
			t.Errorf("a user is %v", s)
		}
	}
	if ids := n.redis.client.HKeys(t.Context(), "nodes").Val(); len(ids) != 1 {
		t.Errorf("the nodes are %v", ids)
	}
}

// TestNodeReplaced: a node that starts right after one has died does not take it for one
// that is there, and what the dead one has left behind goes.
func TestNodeReplaced(t *testing.T) {
	t.Parallel()
	n := newNodes(t)
	data, send := n.openProcess()
	n.second(data, n.a.Token)
	a := n.app(nil).at(n.b)
	n.host(a, lobby, n.a)
	alice, bob := n.front().mustJoin(a.credential("alice", lobby)), n.b.mustJoin(a.credential("bob", lobby))
	talking(t, alice, bob)
	dead := n.id[n.a]
	send(syscall.SIGKILL)
	killed := time.Now()
	c := n.another(data, n.a.Token)
	t.Logf("another node is there %v after the kill", time.Since(killed).Round(time.Millisecond))
	eventually(t, patience, "the end of what the dead node has left behind", func() bool {
		there, err := n.redis.client.HExists(t.Context(), "nodes", dead).Result()
		return err == nil && !there
	})
	for _, p := range []*party{alice, bob} {
		p.forget(livekit.TrackSource_MICROPHONE)
		p.hearsWithin(recovery, livekit.TrackSource_MICROPHONE)
	}
	t.Logf("both hear each other %v after the kill", time.Since(killed).Round(time.Millisecond))
	if on := n.hostOf(a, lobby); on != n.b && on != c {
		t.Error("the room is on no node that is there")
	}
}

// TestRoomIsAlwaysFound: while a node gives up a room that is on another one, newcomers
// find their way there at every moment.
func TestRoomIsAlwaysFound(t *testing.T) {
	t.Parallel()
	n := openNodes(t)
	a := n.app(nil)
	n.host(a, lobby, n.a)
	alice := n.a.mustJoin(a.credential("alice", lobby))
	if err := alice.send(livekit.TrackSource_MICROPHONE); err != nil {
		t.Fatal(err)
	}
	n.host(a, lobby, n.b)
	bob := n.b.mustJoin(a.credential("bob", lobby))
	name := gate.RoomName(a.id, lobby)
	heard := bob.source(livekit.TrackSource_MICROPHONE)
	for looks := 0; ; looks++ {
		on, room := n.redis.client.HGet(t.Context(), "room_node_map", name).Val(), n.redis.client.HExists(t.Context(), "rooms", name).Val()
		if on != n.id[n.b] || !room {
			t.Fatalf("after %d looks the room is on %q, and there: %v", looks, on, room)
		}
		select {
		case <-heard:
			t.Logf("looked %d times", looks)
			return
		default:
		}
	}
}

// TestManyMove: the users of a node that is stopped do not come to another all at once,
// and all of them come.
func TestManyMove(t *testing.T) {
	t.Parallel()
	const rooms, each = 6, 10
	n := openNodes(t)
	a := n.app(nil).at(n.b)
	front := n.front()
	for i := range rooms * each {
		room := usersig.Room{ID: uint32(200 + i/each)}
		if i%each == 0 {
			n.host(a, room, n.a)
		}
		front.mustJoin(a.credential(fmt.Sprintf("user%d", i), room))
	}
	stopped := time.Now()
	n.a.Stop()
	took := time.Since(stopped)
	t.Logf("the node has ended after %v", took.Round(time.Millisecond))
	// Two for each: the session, and the connection if that has not gone with it yet.
	if waves := rooms * each / 25; took < time.Duration(waves)*100*time.Millisecond || took > soon {
		t.Errorf("%d waves took %v", waves, took)
	}
	after := eventually(t, soon, "that all are on the other node", func() bool {
		there := 0
		for i := range rooms {
			_, out := n.b.Try("GET", a.path("/rooms/n%d/users", 200+i), nil)
			users, _ := out["users"].([]any)
			there += len(users)
		}
		return there == rooms*each
	})
	t.Logf("all are on the other node %v after that", after.Round(time.Millisecond))
}
