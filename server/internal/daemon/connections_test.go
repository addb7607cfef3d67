package daemon

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// guest is a connection that does nothing, and a listener of guests.
type guest struct {
	net.Conn
	from   string
	closed bool
}

func (g *guest) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(g.from), 4711))
}

func (g *guest) Close() error { g.closed = true; return nil }

type guests []*guest

func (g *guests) Accept() (net.Conn, error) {
	if len(*g) == 0 {
		return nil, net.ErrClosed
	}
	next := (*g)[0]
	*g = (*g)[1:]
	return next, nil
}
func (g *guests) Close() error   { return nil }
func (g *guests) Addr() net.Addr { return nil }

// arrive lets a guest come, and returns the connection, or nil if it was turned away.
func arrive(t *testing.T, l *connections, from string) (*connection, *guest) {
	t.Helper()
	g := &guest{from: from}
	*l.Listener.(*guests) = guests{g}
	conn, err := l.Accept()
	if err != nil {
		if !errors.Is(err, net.ErrClosed) || !g.closed {
			t.Errorf("%s: %v", from, err)
		}
		return nil, g
	}
	return conn.(*connection), g
}

func TestConnectionsOfASource(t *testing.T) {
	proxies := netip.MustParsePrefix("2001:db8:f::7/128")
	l := newConnections(new(guests), 100, 2, proxies.Contains)
	first, _ := arrive(t, l, "192.0.2.1")
	for _, c := range []struct {
		from string
		want bool
	}{
		{"::ffff:192.0.2.1", true}, {"192.0.2.1", false}, {"192.0.2.2", true},
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3", false}, {"2001:db8:0:1::3", true},
		{"2001:db8:f::7", true}, {"2001:db8:f::7", true}, {"2001:db8:f::7", true}, {"2001:db8:f::8", false},
	} {
		if got, _ := arrive(t, l, c.from); (got != nil) != c.want {
			t.Errorf("from %s: %v, want %v", c.from, got != nil, c.want)
		}
	}
	_ = first.Close()
	_ = first.Close() // as net/http does now and then
	if got, _ := arrive(t, l, "192.0.2.1"); got == nil {
		t.Error("a place that is free again is not given")
	}
	if got, _ := arrive(t, l, "192.0.2.1"); got != nil {
		t.Error("a connection that was closed twice counts twice")
	}
	l = newConnections(new(guests), 100, 0, proxies.Contains)
	for range 50 {
		if got, _ := arrive(t, l, "192.0.2.1"); got == nil {
			t.Fatal("0 is a bound")
		}
	}
}

// work begins a request on a connection that ends with the call of done.
func work(l *connections, conn net.Conn) (done func()) {
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r = r.WithContext(l.context(r.Context(), conn))
	go func() {
		defer close(ended)
		counted(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(begun); <-end })).ServeHTTP(nil, r)
	}()
	<-begun
	return func() { close(end); <-ended }
}

func everyOne(l *connections) (all []*connection) {
	for e := l.order.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*connection))
	}
	return all
}

func TestConnectionsInAll(t *testing.T) {
	l := newConnections(new(guests), 3, 0, nil)
	a, ga := arrive(t, l, "192.0.2.1")
	b, gb := arrive(t, l, "192.0.2.2")
	_, gc := arrive(t, l, "192.0.2.3")
	work(l, a)
	work(l, tls.Server(b, new(tls.Config)))() // it rests after c, which has not said anything yet
	if d, _ := arrive(t, l, "192.0.2.4"); d == nil || !gc.closed || ga.closed || gb.closed {
		t.Error("it is not the quietest that makes room")
	}
	if e, _ := arrive(t, l, "192.0.2.5"); e == nil || !gb.closed {
		t.Error("one that is idle makes no room")
	}
	for _, c := range everyOne(l) {
		work(l, c)
	}
	if f, _ := arrive(t, l, "192.0.2.6"); f != nil || ga.closed {
		t.Error("one that carries a request makes room")
	}
	_ = a.Close()
	if f, _ := arrive(t, l, "192.0.2.6"); f == nil || l.all != 3 || len(l.of) != 3 {
		t.Errorf("%d connections of %v", l.all, l.of)
	}
}

// TestConnectionLimits: a daemon closes what is one too many, and idle connections when
// there are too many in all.
func TestConnectionLimits(t *testing.T) {
	cfg := fresh(t, t.TempDir())
	cfg.Limits.ConnectionsPerSource = 1
	r := start(t, cfg, Options{})
	held := r.dial()
	send(t, held, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if n, err := held.Read(make([]byte, 8)); n == 0 || err != nil {
		t.Fatal(err)
	}
	if n, err := r.dial().Read(make([]byte, 8)); n != 0 || err == nil {
		t.Error("a second connection is open")
	}

	cfg = fresh(t, t.TempDir())
	cfg.Limits.Connections = 1
	r = start(t, cfg, Options{})
	idle := r.dial()
	send(t, idle, "GET ")
	http.DefaultClient.CloseIdleConnections()
	if status, _ := r.text("GET", "/healthz", nil); status != http.StatusOK {
		t.Errorf("a new connection gets %d", status)
	}
	if n, err := idle.Read(make([]byte, 8)); n != 0 || err == nil {
		t.Error("the idle connection is open")
	}
}
