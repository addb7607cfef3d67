package gate

import (
	"net/netip"
	"sync"
)

// Limits bounds connections on one node: whoever holds a good UserSig can open as many
// as they like otherwise.
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

// crowd counts connections.
type crowd struct {
	limits Limits

	mu      sync.Mutex
	users   map[userKey]int
	apps    map[uint32]int
	sources map[netip.Prefix]int
}

// Connect counts a connection of a user who holds a pass. The connection ends with the
// call of leave. It fails with [ErrCrowded].
func (g *Gate) Connect(p *Pass, source netip.Addr) (leave func(), err error) {
	c, user, from := &g.crowd, userKey{p.app, p.user}, network(source)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users == nil {
		c.users, c.apps, c.sources = map[userKey]int{}, map[uint32]int{}, map[netip.Prefix]int{}
	}
	if c.users[user] >= c.limits.PerUser || c.apps[p.app] >= c.limits.PerApp || c.sources[from] >= c.limits.PerSource {
		return nil, ErrCrowded
	}
	add(c.users, user, 1)
	add(c.apps, p.app, 1)
	add(c.sources, from, 1)
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		add(c.users, user, -1)
		add(c.apps, p.app, -1)
		add(c.sources, from, -1)
	}), nil
}

func add[K comparable](counts map[K]int, k K, n int) {
	if counts[k] += n; counts[k] == 0 {
		delete(counts, k)
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
