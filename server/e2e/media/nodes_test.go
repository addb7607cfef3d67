package media_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"usersig"
	"usersig/server/internal/config"
	"usersig/server/internal/gate"
	"usersig/server/internal/store/pgtest"
)

// TestMain runs the tests, or in a process that a test has started, a node.
func TestMain(m *testing.M) {
	if file := os.Getenv(asNode); file != "" {
		os.Exit(runNode(file))
	}
	os.Exit(pgtest.Main(m))
}

// promise is how soon what is done on one node ends sessions on another.
const promise = time.Second

// nodes are two nodes of one service.
type nodes struct {
	t     *testing.T
	redis *redisServer
	url   string // of PostgreSQL
	a, b  *world
	id    map[*world]string // LiveKit's, of the nodes
}

// openNodes starts two nodes in this process.
func openNodes(t *testing.T) *nodes {
	t.Helper()
	n := newNodes(t)
	var data string
	n.a = open(t, func(c *config.Config) { data = c.Data; n.join(c) })
	n.identify(n.a)
	n.second(data, n.a.Token)
	return n
}

func newNodes(t *testing.T) *nodes {
	t.Helper()
	return &nodes{t: t, url: pgtest.URL(t), redis: startRedis(t), id: map[*world]string{}}
}

// second starts the second node with the first one's KEK.
func (n *nodes) second(first, token string) {
	n.t.Helper()
	n.b = n.another(first, token)
}

// another starts one more node with the first one's KEK.
func (n *nodes) another(first, token string) *world {
	n.t.Helper()
	w := open(n.t, func(c *config.Config) {
		c.Init, c.KEK = false, filepath.Join(first, "kek")
		n.join(c)
		if err := os.Mkdir(c.Data, 0o700); err != nil {
			n.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.Data, "operator.token"), []byte(token), 0o600); err != nil {
			n.t.Fatal(err)
		}
	})
	n.identify(w)
	return w
}

// join makes a configuration that of a node.
func (n *nodes) join(c *config.Config) {
	c.Store, c.StoreURL, c.Media.Redis.Address = n.url, n.url, n.redis.address
	c.Media.EmptyTimeout = emptyTimeout
}

// emptyTimeout is how long rooms stay that nobody is in.
const emptyTimeout = 2 * time.Second

// identify learns the ID of a node that has just come.
func (n *nodes) identify(w *world) {
	n.t.Helper()
	for _, id := range n.redis.client.HKeys(n.t.Context(), "nodes").Val() {
		if !slices.Contains(slices.Collect(maps.Values(n.id)), id) {
			n.id[w] = id
		}
	}
	if n.id[w] == "" {
		n.t.Fatal("a node is not in Redis")
	}
}

// host says which node is to have a room. Otherwise it is chosen by chance.
func (n *nodes) host(a *app, room usersig.Room, on *world) {
	n.t.Helper()
	if err := n.redis.client.HSet(n.t.Context(), "room_node_map", gate.RoomName(a.id, room), n.id[on]).Err(); err != nil {
		n.t.Fatal(err)
	}
}

// hostOf returns which node has a room.
func (n *nodes) hostOf(a *app, room usersig.Room) *world {
	id := n.redis.client.HGet(n.t.Context(), "room_node_map", gate.RoomName(a.id, room)).Val()
	for w, of := range n.id {
		if of == id {
			return w
		}
	}
	return nil
}

// app makes an application and waits until both nodes know it.
func (n *nodes) app(settings object) *app {
	n.t.Helper()
	a := n.a.app(settings)
	for _, w := range []*world{n.a, n.b} {
		eventually(n.t, promise, "an application on both nodes", func() bool {
			status, _ := w.Try("GET", a.path(""), nil)
			return status == http.StatusOK
		})
	}
	return a
}

// at returns an application as another node is asked for it.
func (a *app) at(w *world) *app { return &app{w, a.id} }

// whenGone returns what waits until the user has to leave, and says when that was.
func (p *party) whenGone() func() time.Time {
	at := make(chan time.Time, 1)
	go func() {
		select {
		case <-p.gone:
			at <- time.Now()
		case <-p.t.Context().Done():
		}
	}()
	return func() time.Time {
		p.t.Helper()
		select {
		case when := <-at:
			return when
		case <-time.After(patience):
			p.t.Fatal("the user is still there")
		}
		return time.Time{}
	}
}

// TestNodesMeet: users on two nodes are in one room, whichever of them has it, and hear
// each other.
func TestNodesMeet(t *testing.T) {
	n := openNodes(t)
	for name, host := range map[string]*world{"a": n.a, "b": n.b} {
		a := n.app(nil)
		n.host(a, lobby, host)
		alice, bob := n.a.mustJoin(a.credential("alice", lobby)), n.b.mustJoin(a.credential("bob", lobby))
		if n.hostOf(a, lobby) != host {
			t.Errorf("node %s was to have the room, and has not", name)
		}
		talking(t, alice, bob)
	}
}

// TestNodesLeave: what is done on one node ends sessions on the other within a second,
// whichever node the client is connected to.
func TestNodesLeave(t *testing.T) {
	n := openNodes(t)
	for _, one := range []struct {
		name string
		act  func(a *app)
		code int // of a new try
	}{
		{"revoke", func(a *app) { a.w.Must("POST", a.path("/users/alice/revoke"), nil) }, 70052},
		{"block", func(a *app) {
			a.w.Must("PUT", a.path("/users/alice/block"), object{"until": a.w.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
		}, 70051},
		{"kill", func(a *app) { a.w.Must("POST", a.path("/keys/%s/kill", a.keyID()), object{"reason": "leaked"}) }, 70016},
		{"stop", func(a *app) { a.w.Must("PATCH", a.path(""), object{"state": "stopped"}) }, 70020},
		{"remove", func(a *app) { a.w.Must("DELETE", a.path("/rooms/n100/users/alice"), nil) }, 0},
		{"dissolve", func(a *app) { a.w.Must("DELETE", a.path("/rooms/n100"), nil) }, 0},
	} {
		// Where the act is done, where the room is, and where the user is connected.
		for _, way := range []struct {
			name           string
			act, room, via *world
		}{
			{"on a for b", n.a, n.b, n.b}, {"on b for a", n.b, n.a, n.a},
			{"on a for a room on b, by way of a", n.a, n.b, n.a}, {"on b for a room on b, by way of a", n.b, n.b, n.a},
		} {
			t.Run(one.name+" "+way.name, func(t *testing.T) {
				a := n.app(nil)
				n.host(a, lobby, way.room)
				c := a.credential("alice", lobby)
				w := way.via.in(t)
				left := w.mustJoin(c).whenGone()
				began := time.Now()
				one.act(a.at(way.act))
				done := time.Now()
				at := left()
				t.Logf("%s: left %v after the act began, %v after it had returned", one.name, at.Sub(began).Round(time.Millisecond), at.Sub(done).Round(time.Millisecond))
				if at.Sub(done) > promise {
					t.Errorf("alice left after %v", at.Sub(done))
				}
				if one.code != 0 {
					eventually(t, promise, "the refusal on the node of the user", func() bool {
						status, _ := w.send("/rtc/check", c)
						return status >= 400
					})
					w.refused(c, one.code)
				}
			})
		}
	}
}

// TestNodesRenew: a newer UserSig can be handed to the node that does not have the room.
func TestNodesRenew(t *testing.T) {
	n := openNodes(t)
	a := n.app(object{"max_ttl": 3600})
	n.host(a, lobby, n.b)
	pass := func(d time.Duration) { n.a.Pass(d); n.b.Pass(d) }
	alice := n.b.mustJoin(a.credential("alice", lobby))
	pass(40 * time.Minute)
	started := time.Now()
	if status, body := n.a.send("/rtc/renew", a.credential("alice", lobby)); status != http.StatusOK {
		t.Fatalf("renew: %d %s", status, body)
	}
	t.Logf("the renewal took %v", time.Since(started))
	// The first one ends.
	pass(40 * time.Minute)
	bob := n.a.mustJoin(a.credential("bob", lobby))
	if err := alice.send(livekit.TrackSource_MICROPHONE); err != nil {
		t.Fatal(err)
	}
	bob.hears(livekit.TrackSource_MICROPHONE)
	// Who is not there cannot be renewed, and the answer does not wait for anybody.
	started = time.Now()
	if status, body := n.a.send("/rtc/renew", a.credential("carol", lobby)); status != http.StatusNotFound || time.Since(started) > promise {
		t.Errorf("renewing who is not there: %d %s after %v", status, body, time.Since(started))
	}
	pass(40 * time.Minute)
	alice.leaves()
}

// TestNodesSecondLogin: a user who comes in by the other node takes the place of the
// first one, and is watched over.
func TestNodesSecondLogin(t *testing.T) {
	n := openNodes(t)
	for _, host := range []*world{n.a, n.b} {
		a := n.app(nil)
		n.host(a, lobby, host)
		first := n.a.mustJoin(a.credential("alice", lobby))
		second := n.b.mustJoin(a.credential("alice", lobby))
		why, after := first.leaves()
		t.Logf("the first left %v after the second came", after)
		if why != lksdk.DuplicateIdentity {
			t.Errorf("the first left because of %q", why)
		}
		a.w.Must("POST", a.path("/users/alice/revoke"), nil)
		second.leaves()
	}
}

// TestNodesRooms: each node sees the rooms of all.
func TestNodesRooms(t *testing.T) {
	n := openNodes(t)
	a := n.app(nil)
	n.host(a, lobby, n.a)
	n.a.mustJoin(a.credential("alice", lobby))
	n.b.mustJoin(a.credential("bob", lobby))
	for _, w := range []*world{n.a, n.b} {
		if rooms := w.Must("GET", a.path("/rooms"), nil)["rooms"].([]any); len(rooms) != 1 {
			t.Errorf("the rooms are %v", rooms)
		}
		if users := w.Must("GET", a.path("/rooms/n100/users"), nil)["users"].([]any); len(users) != 2 {
			t.Errorf("the users are %v", users)
		}
	}
}
