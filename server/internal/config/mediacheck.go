package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (m *Media) validate(p *problems, serves, shared bool) {
	p.add(!slices.Contains([]string{Auto, "on", "off", "true", "false"}, m.Enabled), "media.enabled", "it is auto, on or off")
	for i, t := range m.TURN { // clients of other servers are told of them too
		t.validate(p, fmt.Sprintf("media.turn[%d]", i))
	}
	if !serves {
		return
	}
	m.places(p)
	m.ports(p)
	p.add(m.EmptyTimeout < time.Second || m.EmptyTimeout > 24*time.Hour, "media.empty_timeout", "it is between 1s and 24h")
	p.add(shared && m.Redis.Address == "", "media.redis.address",
		`it is required with this store: a node without it would be an island, whose users never meet those of the others; "media: off" serves no media`)
	p.add(m.Redis.Address != "" && !isHostPort(m.Redis.Address), "media.redis.address", "it is a host and a port, such as 10.0.0.2:6379")
	p.add(m.Redis.RootFile != "" && !m.Redis.TLS, "media.redis.root_file", "it is for tls: true: nothing is encrypted without")
	p.add(m.PerUser < 1 || m.PerApp < 1 || m.PerSource < 1, "media", "per_user, per_app and per_source are at least 1")
	for i, s := range m.STUN {
		p.add(!isHostPort(s), fmt.Sprintf("media.stun[%d]", i), "it is a host and a port, such as stun.example.org:3478, without stun: before")
	}
}

// places refuses addresses at which nothing can be received.
func (m *Media) places(p *problems) {
	a, err := netip.ParseAddr(m.Address)
	p.add(err != nil || !isPlace(a), "media.address", "it is the IP address to which clients send media")
	p.add(a == netip.IPv6Loopback(), "media.address", "the audio/video server cannot use ::1: write 127.0.0.1")
	for i, b := range m.Bind {
		at := fmt.Sprintf("media.bind[%d]", i)
		p.add(!isPlace(b), at, "it is one IP address of this machine: for several, name each")
		p.add(b == netip.IPv6Loopback(), at, "the audio/video server cannot use ::1: write 127.0.0.1")
		p.add(slices.Index(m.Bind, b) < i, at, "it is there twice")
	}
}

func isPlace(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !a.Is4In6() && a.Zone() == ""
}

// span is a range of ports.
type span struct{ first, last uint16 }

func (s span) meets(o span) bool { return s.first <= o.last && o.first <= s.last }

// ports refuses those that two would listen on: the second fails, if not at the start,
// then when a call needs it.
func (m *Media) ports(p *problems) {
	p.add(m.UDPPort == 0, "media.udp_port", "it is required")
	p.add(m.UDPPortEnd != 0 && m.UDPPortEnd < m.UDPPort, "media.udp_port_end", "it is before udp_port")
	r := m.Relay
	if r.UDPPort == 0 {
		return
	}
	media, itself, relayed := span{m.UDPPort, max(m.UDPPort, m.UDPPortEnd)}, span{r.UDPPort, r.UDPPort}, span{r.FirstPort, r.LastPort}
	if r.FirstPort == 0 || r.LastPort < r.FirstPort {
		p.add(true, "media.relay", "first_port and last_port are a range")
		return
	}
	p.add(itself.meets(media), "media.relay.udp_port", "it is one of udp_port to udp_port_end: clients would meet one or the other")
	p.add(itself.meets(relayed), "media.relay.udp_port", "it is one of first_port to last_port")
	p.add(relayed.meets(media), "media.relay", "first_port to last_port has ports of udp_port to udp_port_end in it")
}

func (t *TURN) validate(p *problems, at string) {
	wrong := func(url string) bool { return !isTURN(url) }
	p.add(len(t.URLs) == 0 || slices.ContainsFunc(t.URLs, wrong), at+".urls", `they are turn: or turns:, a host, and a port and a transport if need be, such as "turn:turn.example.org:3478?transport=udp"`)
	p.add(t.SecretFile == "", at+".secret_file", "it is required")
	p.add(t.TTL < 0 || t.TTL > 24*time.Hour, at+".ttl", "it is between 0 and 24h")
}

// isTURN reports whether a text is a URI of RFC 7065. A browser throws at any other, and
// its user is in no call.
func isTURN(text string) bool {
	scheme, rest, _ := strings.Cut(text, ":")
	host, query, asks := strings.Cut(rest, "?")
	known := query == "transport=udp" || query == "transport=tcp"
	if scheme != "turn" && scheme != "turns" || asks && !known {
		return false
	}
	if inside, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inside, "]") {
		a, err := netip.ParseAddr(strings.TrimSuffix(inside, "]"))
		return err == nil && a.Is6()
	}
	return isHostPort(host) || !strings.Contains(host, ":") && isHost(host)
}

// isHostPort reports whether a text is a host and a port.
func isHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && isHost(host)
}

func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	return text != "" && !strings.ContainsAny(text, ":/?#@[] \t\r\n")
}
