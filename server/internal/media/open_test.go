package media

import (
	"net"
	"net/netip"
	"testing"

	"usersig/server/internal/gate"
)

// TestNothingOpenAfterFailure: an engine that could not start leaves no port taken, or a
// process that tries again could not have it.
func TestNothingOpenAfterFailure(t *testing.T) {
	g := gate.New(yes{}, gate.Options{})
	defer g.Close()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, change := range map[string]func(*Config){
		"a TCP port that is taken":         func(c *Config) { c.TCPPort = taken.Addr().(*net.TCPAddr).AddrPort().Port() },
		"a relay without ports to send by": func(c *Config) { c.Relay.FirstPort, c.Relay.LastPort = 0, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			c := Config{Address: ip("127.0.0.1"), UDPPort: freeUDP(t), Relay: RelayPorts{UDPPort: freeUDP(t), FirstPort: 17900, LastPort: 17990}}
			change(&c)
			if e, err := Open(c, Options{Gate: g}); err == nil {
				_ = e.Close()
				t.Fatal("it opens")
			}
			for _, port := range []uint16{c.UDPPort, c.Relay.UDPPort} {
				conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(c.Address, port)))
				if err != nil {
					t.Errorf("still taken: %v", err)
					continue
				}
				_ = conn.Close()
			}
		})
	}
}

func freeUDP(t *testing.T) uint16 {
	t.Helper()
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}
