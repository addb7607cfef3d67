package demo

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"usersig/democonfig"
)

// preloaded answers with the demo config that the server's owner put there, so that a
// newcomer has nothing to load. It holds real tokens. It is for who sits at the machine,
// in the demo page, and for nobody else.
type preloaded struct{ opts Options }

// ServeHTTP implements [http.Handler]. Whatever is wrong, the answer is that there is
// none: a page of another site learns nothing.
func (p *preloaded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	harden(w.Header())
	w.Header().Set("Cache-Control", "no-store")
	if p.opts.ConfigFile == "" || !p.opts.Local || !here(r) {
		http.NotFound(w, r)
		return
	}
	text, err := readConfig(p.opts.ConfigFile)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

// here reports whether a request is of a page of this server, in a browser on this
// machine.
func here(r *http.Request) bool {
	// A name that resolves to loopback is not enough: any site can have one resolve so,
	// and its page is then of the same origin as this server (DNS rebinding).
	if !loopbackName(r.Host) {
		return false
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	// Of pages elsewhere the browser says cross-site, of other ports of this machine
	// same-site. Programs say nothing; they can read the file.
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "same-origin" || site == "none") && !forwarded(r)
}

// forwarded reports whether a proxy passed the request on: then loopback is the proxy,
// and the client may be anybody.
func forwarded(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// loopbackName reports whether the host of a request is a name that only this machine
// can have.
func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback()
}

// readConfig reads a demo config and writes it anew: if the path is that of another file
// by mistake, say of a private key, nothing of that goes out.
func readConfig(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the file that the configuration names
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20+1)) // Parse takes no more than 1<<20
	if err != nil {
		return nil, err
	}
	c, err := democonfig.Parse(text)
	if err != nil {
		return nil, err
	}
	return c.Marshal()
}
