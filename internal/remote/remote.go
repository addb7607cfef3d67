// Package remote asks a usersigd, over its HTTP API: one method for each thing that can
// be asked. It owns the shapes of requests and replies, and the rules of the road: where
// the credential may travel, how long to wait, how much to read, and when to ask again.
//
// It believes no reply further than it must: what is larger than any reply should be, or
// is not of the API, is an error, and a token that was issued is read and compared with
// what was asked for.
package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Options are what may be said about a server. The zero value is good.
type Options struct {
	Roots    *x509.CertPool // who may vouch for the server; if nil, whom the system trusts
	Language string         // of refusals: zh for Chinese, English otherwise
	Agent    string         // the User-Agent

	// Timeout is how long a request may take, 30 seconds by default. A log that is
	// read whole may take longer, but must begin within it.
	Timeout time.Duration

	// Wait waits between two requests. By default it is a timer.
	Wait func(context.Context, time.Duration) error
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	base    string // without a slash at its end
	host    string // for errors
	token   string
	http    *http.Client
	opts    Options
	timeout time.Duration
}

const (
	maxToken       = 8 << 10 // an identity provider's tokens are long
	defaultTimeout = 30 * time.Second
	maxConns       = 64
)

// New returns a client for the server at base, with an API key or a token of the
// application's identity provider. Plain HTTP is for servers on the same machine only:
// anywhere else the credential could be read on the way.
func New(base, token string, opts *Options) (*Client, error) {
	c := &Client{token: token, timeout: defaultTimeout}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Timeout > 0 {
		c.timeout = c.opts.Timeout
	}
	if c.opts.Wait == nil {
		c.opts.Wait = wait
	}
	if err := c.address(base); err != nil {
		return nil, err
	}
	if token == "" || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &Error{Fault: BadToken}
	}
	c.http = &http.Client{
		Transport: c.transport(),
		// The credential would go along to wherever the redirect says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func (c *Client) address(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "" {
		return &Error{Fault: BadURL}
	}
	// A name and password would end up in logs; a query has no meaning here.
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(base, "#") {
		return &Error{Fault: BadURL}
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return &Error{Fault: PlainHTTP}
	}
	c.base, c.host = strings.TrimRight(u.String(), "/"), u.Host
	return nil
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

func (c *Client) transport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: c.timeout}).DialContext,
		Proxy:                  http.ProxyFromEnvironment, // never for loopback; through it TLS goes on
		TLSClientConfig:        &tls.Config{RootCAs: c.opts.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    c.timeout,
		ResponseHeaderTimeout:  c.timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        maxConns,
		MaxIdleConnsPerHost:    maxConns,
		IdleConnTimeout:        time.Minute,
		ForceAttemptHTTP2:      true,
	}
}

// wait is the default of [Options.Wait].
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
