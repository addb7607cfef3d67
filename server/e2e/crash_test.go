package e2e

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usersig/server/internal/store/pgtest"
)

const (
	crashFor = 18 * time.Second // of each store, and what the last round takes
	writers  = 12
)

// TestKilled kills the daemon (kill -9) again and again while several back ends write.
// What was acknowledged is there, in the state and in the audit log; the log's chain is
// whole; no key is half rotated.
func TestKilled(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { crash(t, made(t)) })
	t.Run("postgres", func(t *testing.T) { crash(t, made(t, onPostgres(pgtest.URL(t)))) })
}

func crash(t *testing.T, n *node) {
	world := &world{t: t, n: n, rng: rand.New(rand.NewPCG(1, 2)), credential: n.operator()}
	d := n.start()
	world.shared = d.client(world.credential).hosted(t, nil)
	for id := range writers {
		world.writers = append(world.writers, newWriter(id, t.Errorf))
	}
	rounds, head := 0, ""
	for started := time.Now(); time.Since(started) < crashFor && !t.Failed(); rounds++ {
		world.round(d)
		head = n.verifyAudit(head)
		world.checkAudit()
		d = n.start()
		world.check(d)
	}
	d.stop()
	n.verifyAudit(head)
	if rounds < 3 {
		t.Errorf("there was time for %d rounds only", rounds)
	}
	t.Logf("%d rounds, %d writes acknowledged, %d applications, head %s", rounds, world.acks.Load(), world.count(), head)
	t.Logf("of %d rotations in which the daemon died, %d were in effect", world.before+world.after, world.after)
}

// world is all that a crash test knows.
type world struct {
	t       *testing.T
	n       *node
	rng     *rand.Rand
	shared  string
	writers []*writer

	credential string
	acks       atomic.Int64
	keys       int // how many the shared application had

	// Rotations that the daemon died in, before and after they were in effect.
	before, after int
}

// round lets the writers write until some hundred writes are done, and then kills the daemon
// in the middle of what it does.
func (x *world) round(d *daemon) {
	x.t.Helper()
	before := x.acks.Load()
	target := before + 50 + x.rng.Int64N(550)
	reached := make(chan struct{})
	var once sync.Once
	var all sync.WaitGroup
	for _, w := range x.writers {
		w.api = d.client(x.credential)
		w.ack = func() {
			if x.acks.Add(1) >= target {
				once.Do(func() { close(reached) })
			}
		}
		all.Go(func() { w.write(x.shared, nil) })
	}
	select {
	case <-reached:
	case <-time.After(4 * time.Second):
	case <-d.ended:
		x.t.Fatalf("the daemon ended by itself: %v", d.err)
	}
	d.kill()
	all.Wait()
	if x.acks.Load() == before {
		x.t.Fatal("nothing was acknowledged in this round, so it proves nothing")
	}
}

// checkAudit looks for every write that was acknowledged.
func (x *world) checkAudit() {
	x.t.Helper()
	found := make(map[string]int)
	for _, e := range x.n.audit() {
		if e.Outcome == "done" {
			found[e.Request]++
		}
	}
	for _, w := range x.writers {
		for id, want := range w.acked {
			if got := found[id]; got != want {
				x.t.Errorf("request %s was acknowledged, and the audit log has %d of its %d entries", id, got, want)
			}
		}
		for _, id := range w.refused {
			if found[id] > 0 {
				x.t.Errorf("request %s was refused, and the audit log has it as done", id)
			}
		}
	}
}

// check looks at the state after a start.
func (x *world) check(d *daemon) {
	x.t.Helper()
	c := d.client(x.credential)
	names := x.names(c)
	for _, w := range x.writers {
		for _, a := range w.apps {
			if names[a.name] != 1 {
				x.t.Errorf("there are %d applications %s, want 1", names[a.name], a.name)
			}
			x.checkKeys(c, a)
		}
		if names[w.naming] > 1 {
			x.t.Errorf("there are %d applications %s", names[w.naming], w.naming)
		}
		if len(w.apps) > 0 {
			x.checkTokens(c, w.apps[len(w.apps)-1])
		}
	}
	x.checkShared(c)
}

// names counts applications by name.
func (x *world) names(c *client) map[string]int {
	x.t.Helper()
	all, cursor := make(map[string]int), ""
	for {
		list := c.must(x.t, "GET", "/v1/apps?limit=200&cursor="+cursor, nil)
		for _, a := range list["apps"].([]any) {
			all[a.(object)["name"].(string)]++
		}
		var more bool
		if cursor, more = list["next"].(string); !more {
			return all
		}
	}
}

// keysOf returns the IDs of an application's keys, and of the one that signs, of which
// there must be one.
func (x *world) keysOf(c *client, path string) (ids []string, signing string) {
	x.t.Helper()
	for cursor := ""; ; {
		var list struct {
			Keys []key  `json:"keys"`
			Next string `json:"next"`
		}
		if err := c.send(x.t, "GET", path+"/keys?limit=200&cursor="+cursor, nil).decode(&list); err != nil {
			x.t.Fatal(err)
		}
		for _, k := range list.Keys {
			ids = append(ids, k.ID)
			if k.State != "signing" {
				continue
			}
			if signing != "" {
				x.t.Errorf("%s: keys %s and %s both sign", path, signing, k.ID)
			}
			signing = k.ID
		}
		if cursor = list.Next; cursor == "" {
			break
		}
	}
	if signing == "" {
		x.t.Errorf("%s: no key signs", path)
	}
	return ids, signing
}

// checkKeys: the keys are those that were acknowledged, and the last of them signs;
// unless a rotation was under way, which either was done whole or not at all.
func (x *world) checkKeys(c *client, a *account) {
	x.t.Helper()
	ids, signing := x.keysOf(c, a.path)
	if a.doubt && len(ids) == len(a.keys)+1 && !slices.Contains(a.keys, signing) {
		a.keys = append(a.keys, signing)
		x.after++
	} else if a.doubt {
		x.before++
	}
	a.doubt = false
	last := a.keys[len(a.keys)-1]
	if signing != last || !slices.Equal(slices.Sorted(slices.Values(ids)), slices.Sorted(slices.Values(a.keys))) {
		x.t.Errorf("application %s has keys %v and signs with %s; acknowledged were %v", a.name, ids, signing, a.keys)
	}
}

// checkTokens checks some tokens, among them the last, and forgets them.
func (x *world) checkTokens(c *client, a *account) {
	x.t.Helper()
	const most = 12
	for i := range min(most, len(a.tokens)) {
		t := a.tokens[len(a.tokens)-1]
		if i > 0 {
			t = a.tokens[x.rng.IntN(len(a.tokens))]
		}
		if got := c.verdict(x.t, a.path, t.user, t.text); got != t.want {
			x.t.Errorf("application %s: the token of %s is %s, want %s", a.name, t.user, got, t.want)
		}
	}
	// Those that are refused are checked here for certain, as there are few.
	for _, t := range a.tokens {
		if t.want == "ok" {
			continue
		}
		if got := c.verdict(x.t, a.path, t.user, t.text); got != t.want {
			x.t.Errorf("application %s: the token of %s is %s, want %s", a.name, t.user, got, t.want)
		}
	}
	a.tokens = slices.DeleteFunc(a.tokens, func(t token) bool { return t.want != "ok" })
}

// checkShared: of the application that all rotate, every acknowledged key is there, none
// that was there before is gone, and one signs.
func (x *world) checkShared(c *client) {
	x.t.Helper()
	ids, _ := x.keysOf(c, x.shared)
	for _, w := range x.writers {
		for _, id := range w.rotated {
			if !slices.Contains(ids, id) {
				x.t.Errorf("key %s of the shared application was acknowledged and is gone", id)
			}
		}
	}
	if len(ids) < x.keys {
		x.t.Errorf("the shared application had %d keys and has %d", x.keys, len(ids))
	}
	x.keys = len(ids)
	token := c.issue(x.t, x.shared, "anybody")
	if got := c.verdict(x.t, x.shared, "anybody", token); got != "ok" {
		x.t.Errorf("a new token of the shared application is %s", got)
	}
}

func (x *world) count() (apps int) {
	for _, w := range x.writers {
		apps += len(w.apps)
	}
	return apps
}
