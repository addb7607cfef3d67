package daemon

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"usersig/server/internal/issuer"
)

// connections is a listener that bounds how many connections there are: of one source,
// and of all. When there are as many as there may be, a new one takes the place of the
// one that has carried no request for longest: half-open and idle connections cost those
// who open them nothing, and must not keep others out.
type connections struct {
	net.Listener
	most, perSource int
	exempt          func(netip.Addr) bool // whom perSource does not bind

	mu    sync.Mutex
	of    map[netip.Addr]int // guarded by mu
	all   int                // guarded by mu
	order *list.List         // of *connection, those that are idle in the order in which they became so; guarded by mu
}

// connection is one of them.
type connection struct {
	net.Conn
	all    *connections
	source netip.Addr
	at     *list.Element // in order, or nil if it is closed; guarded by all.mu
	busy   atomic.Int32  // how many requests it carries that are worked on
	closed atomic.Bool
}

func newConnections(l net.Listener, most, perSource int, exempt func(netip.Addr) bool) *connections {
	return &connections{Listener: l, most: most, perSource: perSource, exempt: exempt, of: make(map[netip.Addr]int), order: list.New()}
}

// Accept implements [net.Listener].
func (l *connections) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.admit(conn); c != nil {
			return c, nil
		}
		_ = conn.Close() // it is not one of ours yet
	}
}

// admit returns nil for a connection that is one too many.
func (l *connections) admit(conn net.Conn) *connection {
	from := addressOf(conn)
	c := &connection{Conn: conn, all: l, source: issuer.Subscriber(from)}
	l.mu.Lock()
	if l.perSource > 0 && l.of[c.source] >= l.perSource && !l.exempt(from) {
		l.mu.Unlock()
		return nil
	}
	var oldest *connection
	if l.all >= l.most {
		if oldest = l.quietest(); oldest == nil {
			l.mu.Unlock()
			return nil
		}
	}
	l.of[c.source]++
	l.all++
	c.at = l.order.PushBack(c)
	l.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close()
	}
	return c
}

// quietest takes out the connection that has carried no request for longest, and returns
// nil if all carry one. Those that do go to the end, where they would be when they are
// done, and are not passed over again until then. It is called with mu held.
func (l *connections) quietest() *connection {
	for range l.order.Len() {
		e := l.order.Front()
		c := e.Value.(*connection)
		if c.busy.Load() == 0 {
			l.order.Remove(e)
			c.at = nil
			return c
		}
		l.order.MoveToBack(e)
	}
	return nil
}

func addressOf(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// Close implements [net.Conn].
func (c *connection) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.all.forget(c)
	}
	return c.Conn.Close()
}

// CloseWrite lets net/http end a reply to a client that is still sending. Without it, the
// reply could be lost.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (l *connections) forget(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.of[c.source]--; l.of[c.source] == 0 {
		delete(l.of, c.source)
	}
	if c.at != nil {
		l.order.Remove(c.at)
		c.at = nil
	}
}

type connectionKey struct{}

// context lets those who work on a request find its connection, as
// [http.Server.ConnContext].
func (l *connections) context(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return context.WithValue(ctx, connectionKey{}, conn)
}

// bodyTime is how long the body of a request may take if nothing else is said: each route
// of the API has a time of its own. If nobody reads the body, net/http does, to find the
// next request behind it, and would wait for what never comes.
const bodyTime = 5 * time.Second

// counted marks connections that carry a request, for as long as next works on it. That is
// what counts, and not what net/http takes for active: after the reply it waits for the
// rest of a body, and a stranger could keep others out by a thousand requests whose bodies
// never come. Who works on a request has a time for it, and bounds to how many.
func counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) //nolint:forbidigo // the connection has no other clock
		}
		if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
			c.busy.Add(1)
			defer c.rest()
		}
		next.ServeHTTP(w, r)
	})
}

// rest ends a request. The connection is the last now that has to make room.
func (c *connection) rest() {
	if c.busy.Add(-1) > 0 {
		return
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.at != nil {
		c.all.order.MoveToBack(c.at)
	}
}

// yield makes the connection of a request one that makes room for others although the
// request is worked on, until the call of resume.
func yield(r *http.Request) (resume func()) {
	c, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok {
		return func() {}
	}
	c.rest()
	return func() { c.busy.Add(1) }
}
