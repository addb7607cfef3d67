package httpapi

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/issuer"
)

type apiKeyView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	Networks  []string   `json:"networks,omitempty" doc:"Where it may be used from; absent for anywhere"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

func viewAPIKey(k issuer.APIKey) apiKeyView {
	return apiKeyView{
		ID: k.ID, Name: k.Name, Scopes: scopeNames(k.Scopes), CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy, ExpiresAt: k.ExpiresAt,
		Networks: each(k.Networks, netip.Prefix.String),
	}
}

func scopeNames(scopes []access.Scope) []string {
	return each(scopes, func(s access.Scope) string { return string(s) })
}

type newAPIKey struct {
	Name string `json:"name" minLength:"1" maxLength:"64"`
	// Without uniqueItems: the library looks for repetitions before it looks at types, and
	// panics on an object.
	Scopes    []string   `json:"scopes" minItems:"1" maxItems:"4" enum:"issue,verify,revoke,read" doc:"None of them twice"`
	Networks  []string   `json:"networks,omitempty" maxItems:"32" doc:"Such as 192.0.2.0/24, or one address; anywhere, unless said otherwise"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Never, unless said otherwise"`
}

type createAPIKeyIn struct {
	OfApp
	Body newAPIKey
}

type createdAPIKey struct {
	APIKey apiKeyView `json:"apikey"`
	Secret string     `json:"secret" doc:"What goes into the Authorization header. It is in this reply and nowhere else."`
}

func (s *server) createAPIKey(ctx context.Context, in *createAPIKeyIn) (*body[createdAPIKey], error) {
	scopes := each(in.Body.Scopes, func(name string) access.Scope { return access.Scope(name) })
	if len(slices.Compact(slices.Sorted(slices.Values(scopes)))) < len(scopes) {
		return nil, invalid("scopes: one of them is there twice")
	}
	return s.addAPIKey(ctx, in.App, in.Body.Name, scopes, in.Body.Networks, in.Body.ExpiresAt)
}

type newOperator struct {
	Name      string     `json:"name" minLength:"1" maxLength:"64"`
	Networks  []string   `json:"networks,omitempty" maxItems:"32" doc:"Such as 192.0.2.0/24, or one address; anywhere, unless said otherwise"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Never, unless said otherwise"`
}

func (s *server) createOperator(ctx context.Context, in *struct{ Body newOperator }) (*body[createdAPIKey], error) {
	return s.addAPIKey(ctx, issuer.Platform, in.Body.Name, []access.Scope{access.ScopeOperator}, in.Body.Networks, in.Body.ExpiresAt)
}

func (s *server) addAPIKey(ctx context.Context, app uint32, name string, scopes []access.Scope, from []string, end *time.Time) (*body[createdAPIKey], error) {
	wish := issuer.NewAPIKey{Name: name, Scopes: scopes, ExpiresAt: end}
	for _, text := range from {
		network, err := parseNetwork(text)
		if err != nil {
			return nil, err
		}
		wish.Networks = append(wish.Networks, network)
	}
	k, secret, err := s.svc.CreateAPIKey(ctx, callOf(ctx).caller, app, wish)
	if err != nil {
		return nil, err
	}
	return says(createdAPIKey{viewAPIKey(k), secret})
}

// parseNetwork reads a network or a single address. One with bits behind its mask is
// refused: 10.1.2.3/8 is a mistake for one or the other.
func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = plain(a)
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p != p.Masked() {
		return netip.Prefix{}, invalid("networks: write 192.0.2.0/24, or one address")
	}
	return p, nil
}

type apiKeyList struct {
	APIKeys []apiKeyView `json:"apikeys"`
	Next    string       `json:"next,omitempty" doc:"The cursor of the next page; absent at the end"`
}

type listAPIKeysIn struct {
	OfApp
	PageQuery
}

func (s *server) listAPIKeys(ctx context.Context, in *listAPIKeysIn) (*body[apiKeyList], error) {
	return s.apiKeys(ctx, in.App, &in.PageQuery)
}

func (s *server) listOperators(ctx context.Context, in *struct{ PageQuery }) (*body[apiKeyList], error) {
	return s.apiKeys(ctx, issuer.Platform, &in.PageQuery)
}

func (s *server) apiKeys(ctx context.Context, app uint32, q *PageQuery) (*body[apiKeyList], error) {
	keys, err := s.svc.APIKeys(ctx, callOf(ctx).caller, app)
	if err != nil {
		return nil, err
	}
	keys, next, err := page(keys, "apikeys", q, func(k issuer.APIKey) string { return inOrder(k.CreatedAt, k.ID) })
	if err != nil {
		return nil, err
	}
	return says(apiKeyList{each(keys, viewAPIKey), next})
}

type ofAPIKey struct {
	OfApp
	ID string `path:"id" minLength:"1" maxLength:"64"`
}

func (s *server) deleteAPIKey(ctx context.Context, in *ofAPIKey) (*nothing, error) {
	return done(s.svc.DeleteAPIKey(ctx, callOf(ctx).caller, in.App, in.ID))
}

type ofOperator struct {
	ID string `path:"id" minLength:"1" maxLength:"64"`
}

func (s *server) deleteOperator(ctx context.Context, in *ofOperator) (*nothing, error) {
	return done(s.svc.DeleteAPIKey(ctx, callOf(ctx).caller, issuer.Platform, in.ID))
}
