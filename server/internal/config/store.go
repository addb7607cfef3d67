package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"usersig/server/internal/custody"
)

// readStore sets StoreURL. What is in a store_file is not repeated in errors.
func (c *Config) readStore() error {
	c.StoreURL = c.Store
	if c.StoreFile == "" || c.Store != "" {
		return nil
	}
	text, err := custody.ReadSecret(c.StoreFile)
	if err != nil {
		return fmt.Errorf("store_file: %w", err)
	}
	if c.StoreURL = strings.TrimSpace(string(text)); c.StoreURL == "" {
		return fmt.Errorf("store_file: %q is empty", c.StoreFile)
	}
	return nil
}

// encrypted refuses a store on another machine whose URL does not say how the way there is
// encrypted. The driver's default goes on in plain text if it is told that there is no TLS,
// by whoever is on the way, and so do sslmode=prefer and sslmode=allow.
func encrypted(p *problems, u *url.URL) {
	query, hosts := u.Query(), u.Host
	if query.Has("host") {
		hosts = query.Get("host")
	}
	far := slices.ContainsFunc(strings.Split(hosts, ","), func(h string) bool { return !isHere(h) })
	mode := query.Get("sslmode")
	weak := mode == "" || mode == "allow" || mode == "prefer"
	p.add(far && weak, "store", "it is on another machine: add sslmode=verify-full to the URL, or sslmode=disable if every hop there is trusted")
	known := []string{"disable", "require", "verify-ca", "verify-full"}
	p.add(!weak && !slices.Contains(known, mode), "store", "sslmode is verify-full, verify-ca, require or disable")
}

// isHere reports whether a host of a database's URL is this machine: by default, it is.
func isHere(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, _ := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "" || host[0] == '/' || host == "localhost" || ip.IsLoopback()
}
