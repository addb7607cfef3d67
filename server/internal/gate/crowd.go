package gate

import (
	"net/netip"
	"sync"

	"usersig"
	"usersig/server/internal/issuer"
)

// Limits bounds connections and sessions on one node, each of them: whoever holds a good
// UserSig can open as many as they like otherwise.
type Limits struct {
	PerUser   int // of one user of one application: 10 if 0
	PerApp    int // 10,000 if 0
	PerSource int // from one address, or one /64 of IPv6: 1,000 if 0
}

func (l Limits) orDefault() Limits {
	or := func(n, otherwise int) int {
		if n == 0 {
			return otherwise
		}
		return n
	}
	return Limits{or(l.PerUser, 10), or(l.PerApp, 10_000), or(l.PerSource, 1000)}
}

// crowd counts what users have: connections, or rooms that they are in.
type crowd struct {
	limits Limits

	mu      sync.Mutex
	users   map[userKey]int
	apps    map[uint32]int
	sources map[netip.Prefix]int
}

func newCrowd(l Limits) crowd {
	return crowd{limits: l, users: map[userKey]int{}, apps: map[uint32]int{}, sources: map[netip.Prefix]int{}}
}

// enter counts one more, until leave is called.
func (c *crowd) enter(user userKey, from netip.Prefix) (leave func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full(user, from) {
		return nil, ErrCrowded
	}
	c.add(user, from, 1)
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.add(user, from, -1)
	}), nil
}

// full needs c.mu.
func (c *crowd) full(user userKey, from netip.Prefix) bool {
	return c.users[user] >= c.limits.PerUser || c.apps[user.app] >= c.limits.PerApp || c.sources[from] >= c.limits.PerSource
}

// add needs c.mu.
func (c *crowd) add(user userKey, from netip.Prefix, n int) {
	add(c.users, user, n)
	add(c.apps, user.app, n)
	add(c.sources, from, n)
}

func add[K comparable](counts map[K]int, k K, n int) {
	if counts[k] += n; counts[k] == 0 {
		delete(counts, k)
	}
}

// Connect counts a connection of a user who holds a pass. The connection ends with the
// call of leave. It fails with [ErrCrowded], also if there would be one session too many:
// see [Gate.Open].
func (g *Gate) Connect(p *Pass, source netip.Addr) (leave func(), err error) {
	if g.noRoom(p) {
		return nil, ErrCrowded
	}
	return g.connected.enter(p.owner(), network(source))
}

// place is a user in a room.
type place struct {
	userKey
	room usersig.Room
}

// taken is how often a place is taken. A user has one session in a room, and two for the
// moment in which a second login takes the place of the first: that counts once.
type taken struct {
	times int
	leave func()
}

// noRoom reports whether a session on a pass would be one too many.
func (g *Gate) noRoom(p *Pass) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.places[p.place()] != nil {
		return false
	}
	g.inside.mu.Lock()
	defer g.inside.mu.Unlock()
	return g.inside.full(p.owner(), network(p.source))
}

// stay counts a session. It needs g.mu.
func (g *Gate) stay(p *Pass) error {
	t := g.places[p.place()]
	if t == nil {
		leave, err := g.inside.enter(p.owner(), network(p.source))
		if err != nil {
			return err
		}
		t = &taken{leave: leave}
		g.places[p.place()] = t
	}
	t.times++
	return nil
}

// unstay takes a session back that stay has counted. It needs g.mu.
func (g *Gate) unstay(p *Pass) {
	t := g.places[p.place()]
	if t.times--; t.times == 0 {
		t.leave()
		delete(g.places, p.place())
	}
}

// network is what one client is taken to be: an address, or the /64 that everybody with
// IPv6 has for themselves.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// Subscriber is what of an address is counted: of IPv6 a /64, which is one subscriber's.
func Subscriber(a netip.Addr) netip.Addr { return issuer.Subscriber(a) }
