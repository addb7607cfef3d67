package daemon

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"usersig/server/internal/door"
	"usersig/server/internal/httpapi"
)

// source returns where a request comes from, as far as proxies in front can be believed.
func (d *Daemon) source(r *http.Request) netip.Addr {
	return httpapi.Source(r, d.config.Load().TrustedProxies)
}

// let bounds the requests of those who show a UserSig, as the API does those of strangers.
func (d *Daemon) let(r *http.Request) (done func(proved bool), err error) {
	done, err = (*d.front.guests.Load()).Guest(r.Context(), d.source(r))
	if turned, ok := errors.AsType[*httpapi.Turned](err); ok {
		err = &door.Later{Status: turned.Status, After: turned.RetryAfter}
	}
	return done, err
}

// origins are whose pages may call, by the configuration that is in force when they do.
func (d *Daemon) origins() door.Origins {
	return door.Origins{Listed: func() []string { return d.config.Load().CORS.Origins }, Encrypted: d.encrypted}
}

// encrypted reports whether the client came by TLS, to here or to a proxy that is trusted
// and says so. If several proxies say how they were reached, one that says so is enough:
// between them it may be plain HTTP.
func (d *Daemon) encrypted(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !d.isProxy(peer.Addr().Unmap().WithZone("")) {
		return false
	}
	for said := range strings.SplitSeq(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(said), "https") {
			return true
		}
	}
	return false
}
