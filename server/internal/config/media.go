package config

import (
	"net/netip"
	"time"

	"go.yaml.in/yaml/v3"
)

// Media is the audio/video server inside this one.
type Media struct {
	// Enabled switches the audio/video server on or off; "media: off" is short for that,
	// as is USERSIGD_MEDIA=off. Off, tokens are issued and verified for servers elsewhere, and nothing listens for
	// media. Auto is on, but off with a store that several nodes can use as long as nothing
	// else is said about media.
	Enabled string `yaml:"enabled"`

	// Address is the IP address to which clients send audio and video. It is loopback
	// unless said otherwise, so that nobody else can be in a call: put the machine's public
	// address here, or that of the router in front of it.
	Address string `yaml:"address"`

	// Bind are the IP addresses of this machine to receive audio and video at, if they are
	// others than address: behind a router, or on a machine of a cloud, which has a private
	// address and is reached by a public one. An address that the machine does not have
	// stops the server, because nobody would hear anybody.
	Bind []netip.Addr `yaml:"bind"`

	// UDPPort is the port for audio and video, open to all clients. One is enough.
	UDPPort uint16 `yaml:"udp_port"`

	// UDPPortEnd makes it a range, which spreads the load over sockets: as many of it are
	// used as there are processors. 0 is one port.
	UDPPortEnd uint16 `yaml:"udp_port_end"`

	// TCPPort is for clients whose networks let no UDP through, at the same addresses. 0 is
	// none.
	TCPPort uint16 `yaml:"tcp_port"`

	// STUN are servers that tell clients their own address, such as stun.example.org:3478.
	// This server's address is known, so usually none is needed. No others are named to
	// clients than those here.
	STUN []string `yaml:"stun"`

	// TURN are relays, such as coturn, for clients that reach neither port.
	TURN []TURN `yaml:"turn"`

	// Relay is a TURN server inside this one, which relays to this server's audio and
	// video and to nothing else.
	Relay Relay `yaml:"relay"`

	// Redis is where nodes that share a store find each other's rooms. It is required for
	// media with a store that several nodes can use: without it, users of one room could be
	// on two nodes and never meet. It is trusted: whoever can write there can enter rooms.
	Redis Redis `yaml:"redis"`

	// StayAtExpiry lets users stay in a room when their UserSig ends, until they connect
	// again. Without it they have to leave, unless they hand in a newer one before.
	StayAtExpiry bool `yaml:"stay_at_expiry"`

	// Demo serves the demo page at /demo: a call in the browser, for who has UserSigs.
	Demo bool `yaml:"demo"`

	// DemoConfig is a demo config that the demo page loads by itself. The file holds real
	// UserSigs: it is served to browsers on this machine only, and only if listen is
	// loopback. Leave it empty behind a proxy.
	DemoConfig string `yaml:"demo_config"`

	// EmptyTimeout is how long a room stays when nobody is in it.
	EmptyTimeout time.Duration `yaml:"empty_timeout"`

	// MostUsers bounds the users of a room. 0 is no limit.
	MostUsers uint32 `yaml:"most_users"`

	// PerUser bounds the connections of one user of an application on this node, and the
	// rooms that they are in: media can go on without a connection for signalling.
	PerUser int `yaml:"per_user"`

	// PerApp bounds the connections of one application's users on this node, and their
	// sessions.
	PerApp int `yaml:"per_app"`

	// PerSource bounds the connections from one address, or one /64 of IPv6, and the
	// sessions. Offices and mobile networks have many users behind one.
	PerSource int `yaml:"per_source"`
}

// TURN is a relay that shares a secret with this server.
type TURN struct {
	// URLs are how clients reach it, such as "turn:turn.example.org:3478?transport=udp".
	URLs []string `yaml:"urls"`

	// SecretFile is a file with the secret (static-auth-secret of coturn), of mode 0600.
	SecretFile string `yaml:"secret_file"`

	// TTL is how long a client's credentials are good. 0 is an hour.
	TTL time.Duration `yaml:"ttl"`
}

// Relay is the TURN server inside this one.
type Relay struct {
	// UDPPort is where it listens, at the addresses of media. 0 switches it off.
	UDPPort uint16 `yaml:"udp_port"`

	// FirstPort and last_port are the range of the ports that it relays from. No other port
	// of media is in it.
	FirstPort uint16 `yaml:"first_port"`

	// LastPort ends the range.
	LastPort uint16 `yaml:"last_port"`
}

// Redis is how to reach a Redis server.
type Redis struct {
	// Address is a host and a port. Empty is none.
	Address string `yaml:"address"`

	// Username is empty for Redis before version 6.
	Username string `yaml:"username"`

	// PasswordFile is a file with the password, of mode 0600.
	PasswordFile string `yaml:"password_file"`

	// TLS encrypts the connection.
	TLS bool `yaml:"tls"`

	// RootFile is a PEM file with the certificate that the server's is checked with, for a
	// private CA. Empty is what the system trusts.
	RootFile string `yaml:"root_file"`
}

func defaultMedia() Media {
	return Media{
		Enabled: Auto, Address: "127.0.0.1", UDPPort: 7882, Demo: true,
		Relay:        Relay{FirstPort: 30000, LastPort: 30999},
		EmptyTimeout: 10 * time.Second, PerUser: 10, PerApp: 10_000, PerSource: 1000,
	}
}

// Auto is what media.enabled is unless it says otherwise.
const Auto = "auto"

// ServesMedia reports whether there is an audio/video server.
func (c *Config) ServesMedia() bool {
	switch c.Media.Enabled {
	case Auto:
		return c.StoreURL == "" || c.Media.text() != new(defaultMedia()).text()
	case "on", "true":
		return true
	}
	return false
}

// text writes the keys out, so that they can be compared: a list that is empty and one
// that is not there are the same.
func (m *Media) text() string {
	text, _ := yaml.Marshal(m) // plain values
	return string(text)
}
