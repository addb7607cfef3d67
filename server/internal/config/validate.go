package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// problems collects what is wrong with a configuration, so that all of it is told at
// once. Values are not repeated: some URLs hold passwords.
type problems []error

func (p *problems) add(bad bool, key, text string) {
	if bad {
		*p = append(*p, errors.New(key+": "+text))
	}
}

// network refuses one that does not mean what it says.
func (p *problems) network(n netip.Prefix, key string) {
	p.add(n != n.Masked(), key, fmt.Sprintf("it goes on after its length: write %v, or another length", n.Masked()))
	p.add(n.Addr().Is4In6(), key, "write it as an IPv4 network: addresses are compared in that form")
}

func (c *Config) validate() error {
	var p problems
	c.state(&p)
	c.server(&p)
	c.TLS.validate(&p, c.Data)
	c.observed(&p)
	c.Limits.validate(&p)
	c.Media.validate(&p, c.ServesMedia(), c.StoreURL != "")
	c.Hooks.validate(&p)
	for i, a := range c.Apps {
		a.validate(&p, fmt.Sprintf("apps[%d]", i))
		same := func(o App) bool { return o.SDKAppID == a.SDKAppID }
		p.add(slices.IndexFunc(c.Apps, same) < i, fmt.Sprintf("apps[%d].sdkappid", i), "an application before has the same")
		for j, k := range a.APIKeys {
			p.add(c.declares(k.ID, i, j), fmt.Sprintf("apps[%d].api_keys[%d].id", i, j), "a credential before has the same: each is for one application")
		}
		p.add(a.SealedFile != "" && c.KEKPath() == "", fmt.Sprintf("apps[%d].sealed_file", i), "it needs kek, or data with a KEK file")
	}
	return errors.Join(p...)
}

// declares reports whether the credential is declared before the j-th of the i-th
// application. The server knows whom it is by its ID alone.
func (c *Config) declares(id string, i, j int) bool {
	before := slices.Clone(c.Apps[i].APIKeys[:j])
	for _, a := range c.Apps[:i] {
		before = append(before, a.APIKeys...)
	}
	return id != "" && slices.ContainsFunc(before, func(k APIKey) bool { return k.ID == id })
}

// Stateless reports whether the applications are those of the configuration.
func (c *Config) Stateless() bool { return len(c.Apps) > 0 }

func (c *Config) state(p *problems) {
	p.add(c.Store != "" && c.StoreFile != "", "store", "it excludes store_file")
	postgres := c.StoreURL != ""
	if postgres {
		u, err := url.Parse(c.StoreURL)
		bad := err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql"
		p.add(bad, "store", "it is empty for SQLite in data, or a URL that begins with postgres://")
		if !bad {
			encrypted(p, u)
		}
	}
	if c.Stateless() {
		p.add(postgres, "apps", "it excludes store: applications are in one or in the other")
		p.add(c.Init, "apps", "it excludes init: there is no state to make")
	} else {
		p.add(c.Data == "" && !postgres, "data", "it is required: say where the state is, as in --data DIR")
		p.add(c.Data == "" && postgres && c.KEK == "", "kek", "it is required if there is no data")
		p.add(c.Data == "" && c.Init, "data", "init needs it: the first operator's credential is written there")
		p.add(c.Audit != "", "audit", "it is for apps only: with a store, the audit log is in the store")
	}
	p.add(c.MaxStale < time.Second || c.MaxStale > time.Hour, "max_stale", "it is between 1s and 1h")
	p.add(c.Poll < 10*time.Millisecond || c.Poll > time.Second, "poll", "it is between 10ms and 1s: a revocation holds everywhere within a second")
	p.add(c.AuditSync < 0 || c.AuditSync > time.Second, "audit_sync", "it is between 0s and 1s: no more than that is lost when the power fails")
}

func (c *Config) server(p *problems) {
	loopback, err := Loopback(c.Listen)
	plain := c.TLS.Cert == "" && len(c.TLS.ACME.Domains) == 0
	p.add(err != nil, "listen", `it is an address and a port, such as "127.0.0.1:8080" or ":8443"`)
	p.add(err == nil && plain && !loopback && !c.AllowPlainHTTP, "listen",
		"this address is not loopback and there is no tls: API keys would cross the network readable; allow_plain_http allows it")
	p.add(!plain && c.AllowPlainHTTP, "allow_plain_http", "it excludes tls")
	for i, n := range c.TrustedProxies {
		p.network(n, fmt.Sprintf("trusted_proxies[%d]", i))
		p.add(n.Bits() < 8, fmt.Sprintf("trusted_proxies[%d]", i), "this is a large part of all addresses: then anyone can pretend to be anywhere")
	}
	for i, o := range c.CORS.Origins {
		p.add(!isOrigin(o), fmt.Sprintf("cors.origins[%d]", i), "it is a scheme and a host, such as https://console.example.org, and nothing after")
	}
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && text == u.Scheme+"://"+u.Host
}

// Loopback reports whether only this machine can reach an address to listen on.
func Loopback(address string) (bool, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false, errors.New("there is no such port")
	}
	if host == "localhost" {
		return true, nil
	}
	ip, err := netip.ParseAddr(host)
	if host != "" && err != nil {
		return false, errors.New("the host is not an IP address")
	}
	return ip.IsLoopback(), nil
}

func (t *TLS) validate(p *problems, data string) {
	p.add((t.Cert == "") != (t.Key == ""), "tls", "cert and key come together")
	a := t.ACME
	if len(a.Domains) == 0 {
		p.add(a.AcceptTerms, "tls.acme.domains", "they are required: accept_terms alone does nothing")
		return
	}
	p.add(t.Cert != "", "tls.acme", "it excludes cert")
	p.add(!a.AcceptTerms, "tls.acme.accept_terms", "it must be true: read the terms of service of the CA")
	p.add(data == "", "tls.acme", "it needs data, where certificates are kept")
	p.add(!isURL(a.Directory, "https"), "tls.acme.directory", "it is a URL that begins with https://")
	for i, d := range a.Domains {
		p.add(d == "" || strings.ContainsAny(d, "*:/ "), fmt.Sprintf("tls.acme.domains[%d]", i), "it is a name such as usersig.example.org")
	}
}

func isURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && slices.Contains(schemes, u.Scheme)
}

func (c *Config) observed(p *problems) {
	if c.Metrics.Listen != "" {
		_, err := Loopback(c.Metrics.Listen)
		p.add(err != nil, "metrics.listen", `it is an address and a port, such as "127.0.0.1:9090"`)
	}
	p.add(c.Trace.Endpoint != "" && !isURL(c.Trace.Endpoint, "http", "https"), "trace.endpoint", "it is a URL that begins with http:// or https://")
	p.add(!(c.Trace.Ratio >= 0 && c.Trace.Ratio <= 1), "trace.ratio", "it is between 0 and 1")
	p.add(!slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level), "log.level", "it is debug, info, warn or error")
	p.add(c.Log.Format != "text" && c.Log.Format != "json", "log.format", "it is text or json")
}

func (l *Limits) validate(p *problems) {
	p.add(l.Requests < 1 || l.Requests > 1<<20, "limits.requests", "it is between 1 and 1048576")
	p.add(l.Connections < 1 || l.Connections > 1<<20, "limits.connections", "it is between 1 and 1048576")
	p.add(l.ConnectionsPerSource < 0 || l.ConnectionsPerSource > 1<<20, "limits.connections_per_source", "it is between 0 and 1048576")
	p.add(l.HeaderBytes < 4<<10 || l.HeaderBytes > 1<<20, "limits.header_bytes", "it is between 4096 and 1048576")
	l.PerSource.validate(p, "limits.per_source")
	l.PerKey.validate(p, "limits.per_key")
	for _, d := range []struct {
		key     string
		is      time.Duration
		atLeast time.Duration
	}{
		// For net/http a zero is no limit at all.
		{"header_timeout", l.HeaderTimeout, time.Millisecond},
		{"idle_timeout", l.IdleTimeout, time.Millisecond},
		{"drain_delay", l.DrainDelay, 0},
		{"drain_timeout", l.DrainTimeout, 0},
	} {
		p.add(d.is < d.atLeast || d.is > time.Hour, "limits."+d.key, fmt.Sprintf("it is between %v and 1h", d.atLeast))
	}
}

func (r *Rate) validate(p *problems, at string) {
	p.add(!(r.PerSecond >= 0 && r.PerSecond <= 1e6), at+".per_second", "it is between 0 and 1000000")
	// A burst of nothing would refuse everybody.
	p.add(r.PerSecond > 0 && (r.Burst < 1 || r.Burst > 1<<20), at+".burst", "it is between 1 and 1048576")
}

func (a *App) validate(p *problems, at string) {
	p.add(a.SDKAppID == 0, at+".sdkappid", "it is required")
	p.add(a.Name == "", at+".name", "it is required")
	p.add((a.KeyFile == "") == (a.SealedFile == ""), at, "either key_file or sealed_file is required, and not both")
	p.add(a.SealedFile != "" && a.KeyID == "", at+".key_id", "sealed_file needs it")
	// It is kept in seconds, and less than one would be none: the default, which is long.
	p.add(a.MaxTTL < 0 || a.MaxTTL > 0 && a.MaxTTL < time.Second, at+".max_ttl", "it is 0, which is 180 days, or 1s and more")
	for i, k := range a.APIKeys {
		k.validate(p, fmt.Sprintf("%s.api_keys[%d]", at, i))
	}
}

func (k *APIKey) validate(p *problems, at string) {
	p.add(k.Name == "", at+".name", "it is required")
	byHash := k.ID != "" && k.SHA256 != ""
	p.add(byHash == (k.TokenFile != "") || !byHash && (k.ID != "" || k.SHA256 != ""), at,
		"either id and sha256 or token_file are required, and not both")
	p.add(len(k.Scopes) == 0, at+".scopes", "it is required")
	for i, scope := range k.Scopes {
		known := []string{"issue", "verify", "revoke", "read"}
		p.add(!slices.Contains(known, scope), fmt.Sprintf("%s.scopes[%d]", at, i), "it is issue, verify, revoke or read")
		p.add(slices.Index(k.Scopes, scope) < i, fmt.Sprintf("%s.scopes[%d]", at, i), "it is there twice")
	}
	for i, n := range k.Networks {
		p.network(n, fmt.Sprintf("%s.networks[%d]", at, i))
	}
}

// KEKPath returns the path or URI of the KEK: what kek says, or the file in data. It is
// empty if there is neither, and for a stateless signer without a KEK file.
func (c *Config) KEKPath() string {
	switch {
	case c.KEK != "" || c.Data == "":
		return c.KEK
	case !c.Stateless():
		return c.DataFile("kek")
	}
	if _, err := os.Stat(c.DataFile("kek")); err != nil {
		return ""
	}
	return c.DataFile("kek")
}
