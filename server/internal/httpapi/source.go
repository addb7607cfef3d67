package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Source returns where a request comes from: the peer of the connection or, behind
// proxies that are trusted, the last address that they have not made up. Anything to
// the left of it in X-Forwarded-For is what the client says of itself.
func Source(r *http.Request, proxies []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	from := plain(peer.Addr())
	if !isProxy(from, proxies) {
		return from
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := address(strings.TrimSpace(hop))
		if !ok {
			return from // what a proxy that is trusted did not write says nothing
		}
		if from = plain(next); !isProxy(from, proxies) {
			return from
		}
	}
	return from
}

// address reads a hop. Some load balancers write the port too.
func address(hop string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(hop); err == nil {
		return a, true
	}
	if a, err := netip.ParseAddrPort(hop); err == nil {
		return a.Addr(), true
	}
	inner, opens := strings.CutPrefix(hop, "[")
	inner, closes := strings.CutSuffix(inner, "]")
	a, err := netip.ParseAddr(inner)
	return a, opens && closes && err == nil && a.Is6()
}

func isProxy(a netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// plain returns an address in the one spelling that rules are written in.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func (s *server) source(r *http.Request) netip.Addr { return Source(r, s.opts.Proxies) }
