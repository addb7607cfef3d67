// Package oidc proves who an application's signed-in users are, by the tokens of the
// customer's own OpenID Connect provider.
//
// It owns the talk with providers: discovery, their keys and how long both are
// believed. It decides nothing about what a user may do.
package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"

	"usersig/server/internal/issuer"
)

// The two ways to fail.
var (
	// ErrRefused is the token's fault. Why is for the log of whoever debugs their
	// provider, not for the caller.
	ErrRefused = errors.New("the identity token is not accepted")
	// ErrProvider is not: the provider did not answer, or not as one.
	ErrProvider = errors.New("the identity provider is out of reach")
)

// algorithms are the signatures that are taken: of public keys only. With HS256 among
// them, whoever knows a provider's public key could make tokens.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// maxToken bounds the work on a token of a stranger's.
const maxToken = 16 << 10

// Options adjusts a [Verifier]. The zero value selects the defaults.
type Options struct {
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time
	// Transport is how providers are reached. If nil, [http.DefaultTransport] is used.
	Transport http.RoundTripper
}

// Verifier checks tokens of any number of providers. It is safe for concurrent use.
type Verifier struct {
	clock     func() time.Time
	transport http.RoundTripper
	providers providers
	later     sync.WaitGroup // what goes on when a request is answered
}

// New returns a Verifier. It talks to nobody until a token is to be checked.
func New(opts Options) *Verifier {
	v := &Verifier{clock: opts.Clock, transport: opts.Transport}
	if v.clock == nil {
		v.clock = time.Now
	}
	if v.transport == nil {
		v.transport = http.DefaultTransport
	}
	return v
}

// Authenticate returns the user ID in an ID token, or an access token that is a JWT,
// if the application's provider made it for the application's audience and it is in
// date. The error wraps [ErrRefused] or [ErrProvider].
func (v *Verifier) Authenticate(ctx context.Context, settings issuer.OIDC, token string) (string, error) {
	if len(token) > maxToken {
		return "", fmt.Errorf("%w: it is too long", ErrRefused)
	}
	p, err := v.provider(ctx, settings.Issuer)
	if err != nil {
		return "", err
	}
	verified, err := p.verify(ctx, token, &oidc.Config{
		ClientID: settings.Audience, SupportedSigningAlgs: p.algorithms, Now: v.clock,
	})
	if err != nil {
		return "", err
	}
	var claims map[string]json.RawMessage
	if err := verified.Claims(&claims); err != nil {
		return "", fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return userID(claims, settings.Claim)
}

// userID reads the claim that names the user.
func userID(claims map[string]json.RawMessage, claim string) (string, error) {
	var id string
	if err := json.Unmarshal(claims[claim], &id); err != nil {
		return "", fmt.Errorf("%w: claim %.32q is missing or not text", ErrRefused, claim)
	}
	if id == "" || len(id) > 255 || !utf8.ValidString(id) || strings.IndexFunc(id, unicode.IsControl) >= 0 {
		return "", fmt.Errorf("%w: claim %.32q is no user ID", ErrRefused, claim)
	}
	// Many providers let their users write any address into their profile, and then
	// whoever wrote yours would be you.
	if claim == "email" && string(claims["email_verified"]) != "true" {
		return "", fmt.Errorf("%w: the email address is not verified", ErrRefused)
	}
	return id, nil
}
