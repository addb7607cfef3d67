package media

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	pion "github.com/pion/turn/v5"

	"usersig/server/internal/turn"
)

const relayAt = "127.0.0.1:17999"

// relay starts the TURN server of an engine that has nothing else.
func relay(t *testing.T, c Config) *Engine {
	t.Helper()
	logTo(slog.New(slog.DiscardHandler))
	c.Relay = RelayPorts{UDPPort: 17999, FirstPort: 17900, LastPort: 17990}
	e := &Engine{config: c, clock: time.Now, secret: relaySecret()}
	s, err := e.openRelay()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return e
}

// allocate gets a port of the relay for a participant.
func (e *Engine) allocate(t *testing.T, sid string) (net.PacketConn, error) {
	t.Helper()
	c := turn.Mint(e.secret, sid, time.Now().Add(time.Minute))
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	client, err := pion.NewClient(&pion.ClientConfig{STUNServerAddr: relayAt, TURNServerAddr: relayAt, Conn: conn, Username: c.Username, Password: c.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	port, err := client.Allocate()
	if err == nil {
		t.Cleanup(func() { _ = port.Close() })
	}
	return port, err
}

// TestRelayBehindRouter: clients know the server by its router's address, and the router
// need not pass back what comes from inside.
func TestRelayBehindRouter(t *testing.T) {
	echo, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := echo.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = echo.WriteTo(buf[:n], from)
		}
	}()
	here := echo.LocalAddr().(*net.UDPAddr).AddrPort()
	router := netip.AddrPortFrom(ip("203.0.113.7"), here.Port())
	e := relay(t, Config{Address: router.Addr(), Bind: []netip.Addr{here.Addr()}, UDPPort: here.Port()})
	port, err := e.allocate(t, "PA_alice")
	if err != nil {
		t.Fatal(err)
	}
	if at := port.LocalAddr().(*net.UDPAddr).AddrPort().Addr(); at != router.Addr() {
		t.Errorf("the relay is at %v", at)
	}
	if _, err := port.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(router)); err != nil {
		t.Fatal(err)
	}
	_ = port.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 100)
	n, from, err := port.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "hello" || from.String() != router.String() {
		t.Errorf("%q came back from %v: %v", buf[:n], from, err)
	}
}

// TestRelayQuota: one participant does not get all the ports.
func TestRelayQuota(t *testing.T) {
	e := relay(t, Config{Address: ip("127.0.0.1"), UDPPort: 7882})
	for i := range mostAllocations {
		if _, err := e.allocate(t, "PA_mallory"); err != nil {
			t.Fatalf("port %d: %v", i, err)
		}
	}
	if _, err := e.allocate(t, "PA_mallory"); err == nil {
		t.Error("and one more")
	}
	port, err := e.allocate(t, "PA_alice")
	if err != nil {
		t.Errorf("another participant's: %v", err)
	}
	_ = port.Close()
}

// TestMayReach: addresses in every form.
func TestMayReach(t *testing.T) {
	c := &Config{Address: ip("203.0.113.7"), Bind: []netip.Addr{ip("127.0.0.1"), ip("2001:db8::7")}, UDPPort: 7882}
	for text, want := range map[string]bool{
		"203.0.113.7": true, "127.0.0.1": true, "::ffff:127.0.0.1": true, "2001:db8::7": true,
		"127.0.0.2": false, "8.8.8.8": false, "::": false, "0.0.0.0": false, "::1": false, "2001:db8::8": false, "64:ff9b::7f00:1": false, "fe80::1": false,
	} {
		if got := c.mayReach(nil, net.ParseIP(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if c.mayReach(nil, net.IP{1, 2, 3}) {
		t.Error("an address of three bytes")
	}
}

// TestRelayOnlyUDP: it connects to nobody by TCP.
func TestRelayOnlyUDP(t *testing.T) {
	c := Config{Address: ip("127.0.0.1"), UDPPort: 7882, Relay: RelayPorts{FirstPort: 17900, LastPort: 17990}}
	r := c.relayAt(c.Address)
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.AllocateConn(pion.AllocateConnConfig{Network: "tcp4", RemoteAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}}); err != errOnlyUDP {
		t.Errorf("connecting: %v", err)
	}
	if _, _, err := r.AllocateListener(pion.AllocateListenerConfig{Network: "tcp4"}); err != errOnlyUDP {
		t.Errorf("listening: %v", err)
	}
	if _, _, err := r.AllocatePacketConn(pion.AllocateListenerConfig{Network: "udp4", RequestedPort: 17991}); err != errNoPort {
		t.Errorf("a port after the last: %v", err)
	}
}
