package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	// mostProviders bounds the memory; each application has one at most.
	mostProviders = 1024
	// maxAge is how long what a provider said of itself is believed. Keys that it has
	// withdrawn verify no longer than that.
	maxAge = time.Hour
	// pause is how long a provider that failed is left alone, so that callers who
	// insist do not make this server hammer it.
	pause = 5 * time.Second
	// timeout bounds one request to a provider.
	timeout = 5 * time.Second
)

// providers finds a provider by its issuer.
type providers struct {
	mu  sync.Mutex
	all map[string]*entry // guarded by mu
}

// entry is one provider, discovered or not yet.
type entry struct {
	turn chan struct{} // holds one value; whoever takes it owns what is below
	used time.Time     // guarded by providers.mu
	got  *provider
	err  error
	at   time.Time // of got or err
	// trying is whether it is being discovered again, after a failure.
	trying bool
}

// provider is what discovery found.
type provider struct {
	issuer     string
	keys       *oidc.RemoteKeySet
	algorithms []string
}

func (p *providers) entry(issuer string, now time.Time) *entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.all[issuer]
	if e == nil {
		p.makeRoom()
		e = &entry{turn: make(chan struct{}, 1)}
		e.turn <- struct{}{}
		p.all[issuer] = e
	}
	e.used = now
	return e
}

// makeRoom drops the entry that was not used for longest.
func (p *providers) makeRoom() {
	if p.all == nil {
		p.all = make(map[string]*entry)
	}
	if len(p.all) < mostProviders {
		return
	}
	var oldest string
	for issuer, e := range p.all {
		if oldest == "" || e.used.Before(p.all[oldest].used) {
			oldest = issuer
		}
	}
	delete(p.all, oldest)
}

// provider returns a provider, discovering it if need be. Requests that come
// meanwhile wait for the one that asks; but for one that failed before nobody waits, or
// a provider that hangs would hold up everybody who asks.
func (v *Verifier) provider(ctx context.Context, issuer string) (*provider, error) {
	e := v.providers.entry(issuer, v.clock())
	select {
	case <-e.turn:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrProvider, ctx.Err())
	}
	defer func() { e.turn <- struct{}{} }()
	age := v.clock().Sub(e.at)
	switch {
	case e.got != nil && age < maxAge:
		return e.got, nil
	case e.err != nil:
		if age >= pause && !e.trying {
			e.trying = true
			v.later.Go(func() { v.retry(ctx, e, issuer) })
		}
		return nil, e.err
	}
	// The answer serves others too, so it does not end with whoever asked first.
	e.got, e.err = v.discover(context.WithoutCancel(ctx), issuer)
	e.at = v.clock()
	return e.got, e.err
}

func (v *Verifier) retry(ctx context.Context, e *entry, issuer string) {
	got, err := v.discover(context.WithoutCancel(ctx), issuer)
	<-e.turn
	e.got, e.err, e.at, e.trying = got, err, v.clock(), false
	e.turn <- struct{}{}
}

func (v *Verifier) discover(ctx context.Context, issuer string) (*provider, error) {
	if err := checkIssuer(issuer); err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, newFetcher(issuer, v.transport, v.clock, &v.later).client())
	found, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProvider, err)
	}
	var said struct {
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
		Keys       string   `json:"jwks_uri"`
	}
	if err := found.Claims(&said); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProvider, err)
	}
	return &provider{issuer, oidc.NewRemoteKeySet(ctx, said.Keys), allowed(said.Algorithms)}, nil
}

// checkIssuer refuses what anyone on the way could forge.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("%w: %.64q is not an https address", ErrProvider, issuer)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// allowed returns those of the provider's algorithms that are taken; all of them if it
// names none. If it names none of ours, no token is.
func allowed(said []string) []string {
	if len(said) == 0 {
		return algorithms
	}
	both := slices.DeleteFunc(slices.Clone(said), func(a string) bool { return !slices.Contains(algorithms, a) })
	if len(both) == 0 {
		return []string{"none of ours"} // an empty list would mean the default
	}
	return both
}

func (p *provider) verify(ctx context.Context, token string, config *oidc.Config) (*oidc.IDToken, error) {
	keys := &asked{keys: p.keys}
	verified, err := oidc.NewVerifier(p.issuer, keys, config).Verify(ctx, token)
	switch {
	case err == nil:
		return verified, nil
	case keys.failure != nil:
		// Nobody can say whether the token is good.
		return nil, fmt.Errorf("%w: %w", ErrProvider, keys.failure)
	}
	return nil, fmt.Errorf("%w: %w", ErrRefused, err)
}

// asked is the keys of a provider as one token asks for them. It knows whether the
// provider was to blame: a token that is wrong in another way is the sender's fault, also
// while the provider is down.
type asked struct {
	keys    *oidc.RemoteKeySet
	failure error
}

// VerifySignature implements [oidc.KeySet].
func (a *asked) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := a.keys.VerifySignature(ctx, token)
	// The library wraps what went wrong when it fetched keys, and nothing else.
	if err != nil && errors.Unwrap(err) != nil {
		a.failure = err
	}
	return payload, err
}
