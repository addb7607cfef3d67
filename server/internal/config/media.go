package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Media is the audio/video server inside this one.
type Media struct {
	// Enabled switches the audio/video server on or off; "media: off" is short for that.
	// Off, tokens are issued and verified for servers elsewhere, and nothing listens for
	// media. Auto is on, but off with a store that several nodes can use as long as nothing
	// else is said about media.
	Enabled string `yaml:"enabled"`

	// Address is the IP address to which clients send audio and video. It is loopback
	// unless said otherwise, so that nobody else can be in a call: put the machine's public
	// address here, or that of the router in front of it.
	Address string `yaml:"address"`

	// Bind are the IP addresses of this machine to receive audio and video at, if they are
	// others than address, as behind a router.
	Bind []netip.Addr `yaml:"bind"`

	// UDPPort is the port for audio and video, open to all clients. One is enough.
	UDPPort uint16 `yaml:"udp_port"`

	// UDPPortEnd makes it a range, which spreads the load over sockets. 0 is one port.
	UDPPortEnd uint16 `yaml:"udp_port_end"`

	// TCPPort is for clients whose networks let no UDP through. 0 is none.
	TCPPort uint16 `yaml:"tcp_port"`

	// STUN are servers that tell clients their own address, such as stun.example.org:3478.
	// This server's address is known, so usually none is needed. No others are named to
	// clients than those here.
	STUN []string `yaml:"stun"`

	// TURN are relays, such as coturn, for clients that reach neither port.
	TURN []TURN `yaml:"turn"`

	// Relay is a TURN server inside this one.
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

	// PerUser bounds the connections of one user of an application on this node.
	PerUser int `yaml:"per_user"`

	// PerApp bounds the connections of one application's users on this node.
	PerApp int `yaml:"per_app"`

	// PerSource bounds the connections from one address, or one /64 of IPv6. Offices and
	// mobile networks have many users behind one.
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

	// FirstPort and last_port are the range of the ports that it relays from.
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

	// TLS encrypts the connection. Certificates are checked against the system's.
	TLS bool `yaml:"tls"`
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

func (m *Media) validate(p *problems, serves, shared bool) {
	p.add(!slices.Contains([]string{Auto, "on", "off", "true", "false"}, m.Enabled), "media.enabled", "it is auto, on or off")
	if !serves {
		return
	}
	a, err := netip.ParseAddr(m.Address)
	p.add(err != nil || a.IsUnspecified(), "media.address", "it is the IP address to which clients send media")
	p.add(m.UDPPort == 0, "media.udp_port", "it is required")
	p.add(m.UDPPortEnd != 0 && m.UDPPortEnd < m.UDPPort, "media.udp_port_end", "it is before udp_port")
	p.add(m.Relay.UDPPort != 0 && (m.Relay.FirstPort == 0 || m.Relay.LastPort < m.Relay.FirstPort), "media.relay", "first_port and last_port are a range")
	p.add(m.EmptyTimeout < time.Second || m.EmptyTimeout > 24*time.Hour, "media.empty_timeout", "it is between 1s and 24h")
	p.add(shared && m.Redis.Address == "", "media.redis.address",
		`it is required with this store: a node without it would be an island, whose users never meet those of the others; "media: off" serves no media`)
	p.add(m.PerUser < 1 || m.PerApp < 1 || m.PerSource < 1, "media", "per_user, per_app and per_source are at least 1")
	for i, t := range m.TURN {
		wrong := func(url string) bool { return !strings.HasPrefix(url, "turn:") && !strings.HasPrefix(url, "turns:") }
		at := fmt.Sprintf("media.turn[%d]", i)
		p.add(len(t.URLs) == 0 || slices.ContainsFunc(t.URLs, wrong), at+".urls", "they begin with turn: or turns:")
		p.add(t.SecretFile == "", at+".secret_file", "it is required")
		p.add(t.TTL < 0 || t.TTL > 24*time.Hour, at+".ttl", "it is between 0 and 24h")
	}
}
