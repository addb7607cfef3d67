package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Check returns an error for addresses at which no media could be received. LiveKit would
// start all the same, and nobody would ever hear anybody.
func (c *Config) Check() error {
	here, err := addresses()
	if err != nil {
		return err
	}
	for _, a := range c.bind() {
		switch {
		case slices.Contains(here, a):
		case a == netip.IPv6Loopback():
			return errors.New("address: media cannot be received at ::1: write 127.0.0.1")
		case len(c.Bind) == 0:
			return fmt.Errorf("address: %v is no address of this machine, which has %s; if a router or a cloud passes on to this machine what comes there, "+
				"leave it and say where that arrives, as in media.bind: [%v]", a, joined(here), near(here, a))
		default:
			return fmt.Errorf("bind: %v is no address of this machine, which has %s", a, joined(here))
		}
	}
	same := func(a netip.Addr) bool { return a.Is4() == c.Address.Is4() }
	if !slices.ContainsFunc(c.bind(), same) {
		return errors.New("bind: none is of the same kind (IPv4 or IPv6) as address")
	}
	return nil
}

// addresses returns those of this machine at which LiveKit can receive, with loopback
// last.
func addresses() ([]netip.Addr, error) {
	links, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var own, loopback []netip.Addr
	for _, link := range links {
		all, err := link.Addrs()
		if err != nil || link.Flags&net.FlagUp == 0 {
			continue // it went away while we looked, or nothing arrives there
		}
		for _, at := range all {
			p, err := netip.ParsePrefix(at.String())
			a := p.Addr().Unmap()
			switch {
			case err != nil || a.IsLinkLocalUnicast() || a == netip.IPv6Loopback():
			case a.IsLoopback():
				loopback = append(loopback, a)
			default:
				own = append(own, a)
			}
		}
	}
	if all := append(own, loopback...); len(all) > 0 {
		return all, nil
	}
	return nil, errors.New("this machine has no address at which media can be received")
}

// near returns the address that is most likely meant for what another one is in front of.
func near(here []netip.Addr, other netip.Addr) netip.Addr {
	for _, a := range here {
		if a.Is4() == other.Is4() && !a.IsLoopback() {
			return a
		}
	}
	return here[0]
}

func joined(all []netip.Addr) string {
	out := make([]string, len(all))
	for i, a := range all {
		out[i] = a.String()
	}
	return strings.Join(out, ", ")
}
