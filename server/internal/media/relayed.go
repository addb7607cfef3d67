package media

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	pion "github.com/pion/turn/v5"
)

var (
	errOnlyUDP   = errors.New("the relay is for UDP only")
	errOnlyMedia = errors.New("the relay is for this server's media only")
	errNoPort    = errors.New("the port is not one of the relay's")
)

// mayReach reports whether the relay may send to an address: this server's own for media.
// The relay is a way in for who has credentials; nothing else must be behind it.
func (c *Config) mayReach(_ net.Addr, peer net.IP) bool {
	a, ok := netip.AddrFromSlice(peer)
	return ok && c.isOurs(a.Unmap())
}

func (c *Config) isOurs(a netip.Addr) bool { return a == c.Address || slices.Contains(c.bind(), a) }

// relayedTo returns where packets to an address go: to the socket for media, without the
// router that clients see. It reports false for all that is not media.
func (c *Config) relayedTo(to net.Addr) (netip.AddrPort, bool) {
	at, ok := to.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}, false
	}
	peer, port := at.AddrPort().Addr().Unmap(), at.AddrPort().Port()
	if !c.isOurs(peer) || port < c.UDPPort || port > max(c.UDPPort, c.UDPEnd) {
		return netip.AddrPort{}, false
	}
	if !slices.Contains(c.bind(), peer) {
		peer = c.behind(peer)
	}
	return netip.AddrPortFrom(peer, port), true
}

// behind returns the address of this machine to which what is sent to the other is
// passed on.
func (c *Config) behind(other netip.Addr) netip.Addr {
	for _, a := range c.bind() {
		if a.Is4() == other.Is4() {
			return a
		}
	}
	return other
}

// seenAs returns what clients take a socket for media for.
func (c *Config) seenAs(from netip.AddrPort) netip.AddrPort {
	if a := from.Addr(); !slices.Contains(c.bind(), c.Address) && a.Is4() == c.Address.Is4() {
		return netip.AddrPortFrom(c.Address, from.Port())
	}
	return from
}

// relayAt returns what makes the relay's sockets at an address of this machine.
func (c *Config) relayAt(at netip.Addr) pion.RelayAddressGenerator {
	seen := c.seenAs(netip.AddrPortFrom(at, 0)).Addr()
	return &relayed{config: c, RelayAddressGeneratorPortRange: pion.RelayAddressGeneratorPortRange{
		RelayAddress: seen.AsSlice(), Address: at.String(), MinPort: c.Relay.FirstPort, MaxPort: c.Relay.LastPort, MaxRetries: 50,
	}}
}

// relayed makes the sockets that the relay sends from.
type relayed struct {
	pion.RelayAddressGeneratorPortRange
	config *Config
}

// AllocatePacketConn implements [pion.RelayAddressGenerator].
func (r *relayed) AllocatePacketConn(of pion.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	// Who asks for two ports in a row could get the one after the last.
	if p := of.RequestedPort; p != 0 && (p < int(r.MinPort) || p > int(r.MaxPort)) {
		return nil, nil, errNoPort
	}
	conn, at, err := r.RelayAddressGeneratorPortRange.AllocatePacketConn(of)
	if err != nil {
		return nil, nil, err
	}
	return &relayedConn{conn, r.config}, at, nil
}

// AllocateListener implements [pion.RelayAddressGenerator].
func (r *relayed) AllocateListener(pion.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errOnlyUDP
}

// AllocateConn implements [pion.RelayAddressGenerator].
func (r *relayed) AllocateConn(pion.AllocateConnConfig) (net.Conn, error) { return nil, errOnlyUDP }

// relayedConn is a socket of the relay. Permissions are for addresses; it holds them to
// ports, for other services of this machine are at the same address.
type relayedConn struct {
	net.PacketConn
	config *Config
}

// WriteTo implements [net.PacketConn].
func (c *relayedConn) WriteTo(p []byte, to net.Addr) (int, error) {
	at, ok := c.config.relayedTo(to)
	if !ok {
		return 0, errOnlyMedia
	}
	return c.PacketConn.WriteTo(p, net.UDPAddrFromAddrPort(at))
}

// ReadFrom implements [net.PacketConn].
func (c *relayedConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(p)
		if err != nil {
			return n, from, err
		}
		if at, ok := c.config.relayedTo(from); ok {
			return n, net.UDPAddrFromAddrPort(c.config.seenAs(at)), nil
		}
	}
}
