package media

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"time"

	lkconfig "github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/mediatransportutil/pkg/rtcconfig"

	"usersig/server/internal/turn"
)

// Config says where media flows.
type Config struct {
	// Address is where clients send media: an address of this machine, or the one in
	// front of it. It is also where the server listens, unless Bind is set.
	Address netip.Addr
	// Bind are the addresses of this machine to listen at, if they are others than Address.
	Bind []netip.Addr
	// UDPPort is the one port for media. UDPEnd, if not 0, makes it the first of a range, of
	// which as many are used as there are processors.
	UDPPort, UDPEnd uint16
	// TCPPort is for clients whose networks let no UDP through. 0 is none.
	TCPPort uint16
	// STUN are servers that clients are told to ask for their own address. Usually none
	// are needed: the server's address is known.
	STUN []string
	// TURN are relays that clients are told of.
	TURN []turn.Server
	// Relay is a TURN server inside this one. Its port 0 is none.
	Relay RelayPorts
	// Redis is where the nodes of one service find each other. Empty for a single node.
	Redis Redis
	// EmptyTimeout is how long a room stays when nobody is in it.
	EmptyTimeout time.Duration
	// MostUsers bounds a room. 0 is no limit.
	MostUsers uint32
}

// RelayPorts are those of the TURN server inside this one.
type RelayPorts struct{ UDPPort, FirstPort, LastPort uint16 }

// Redis is how to reach a Redis server. Its contents are trusted: whoever can write
// there can enter rooms.
type Redis struct {
	Address, Username, Password string
	TLS                         bool
	Roots                       *x509.CertPool // of a private CA, or nil for the system's
}

// mostUnread is how much of what others send to a user waits here for a client that does
// not read. More is dropped: without a bound, it would be kept, whatever it is.
const mostUnread = 1 << 20

// livekit writes the configuration in LiveKit's terms. Everything that LiveKit would
// choose by itself and that opens something is chosen here.
func (c *Config) livekit() (*lkconfig.Config, error) {
	conf, err := lkconfig.NewConfig("", true, nil, nil)
	if err != nil {
		return nil, err
	}
	if !c.Address.IsValid() || c.UDPPort == 0 {
		return nil, fmt.Errorf("media needs an address and a UDP port")
	}
	conf.Development = false
	conf.Keys = nil // so that no token of LiveKit's can be issued, nor is any taken
	conf.BindAddresses = []string{"127.0.0.1"}
	conf.EnableDataTracks, conf.EnableParticipantDataBlob = false, false
	conf.Room.AutoCreate = false                                      // rooms are made by those who have the right to
	conf.Room.EmptyTimeout = uint32(c.EmptyTimeout / time.Second)     //nolint:gosec // G115: a day at most
	conf.Room.DepartureTimeout = uint32(c.EmptyTimeout / time.Second) //nolint:gosec // G115: a day at most
	conf.Room.MaxParticipants = c.MostUsers
	conf.Limit.MaxMetadataSize, conf.Limit.MaxAttributesSize = 4<<10, 4<<10
	conf.TURN.Enabled = false
	c.rtc(&conf.RTC)
	if c.Redis.Address != "" {
		conf.Redis.Address = c.Redis.Address // that there is one; see openRedis
	}
	return conf, nil
}

func (c *Config) rtc(r *lkconfig.RTCConfig) {
	// Without its own range, which NewConfig puts in, and which goes before UDPPort.
	r.ICEPortRangeStart, r.ICEPortRangeEnd = 0, 0
	r.UDPPort = rtcconfig.PortRange{Start: int(c.UDPPort), End: int(c.UDPEnd)}
	r.TCPPort = 0 // see openTCP
	r.DataChannelMaxBufferedAmount = mostUnread
	if c.Address.Is4() {
		r.NodeIP.V4 = c.Address.String()
	} else {
		r.NodeIP.V6 = c.Address.String()
	}
	r.UseExternalIP = false // asks servers on the Internet
	r.EnableLoopbackCandidate = slices.ContainsFunc(c.bind(), netip.Addr.IsLoopback)
	r.STUNServers = nil
	r.IPs.Includes = nil
	for _, a := range c.bind() {
		r.IPs.Includes = append(r.IPs.Includes, prefix(a))
	}
	yes := c.TCPPort != 0
	r.AllowTCPFallback = &yes
}

func (c *Config) bind() []netip.Addr {
	if len(c.Bind) == 0 {
		return []netip.Addr{c.Address}
	}
	return c.Bind
}

func prefix(a netip.Addr) string { return netip.PrefixFrom(a, a.BitLen()).String() }
