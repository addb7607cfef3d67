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
	OnceOnly
	Body newAPIKey
}

// OnceOnly is taken by requests that make something.
type OnceOnly struct {
	Once string `header:"Idempotency-Key" maxLength:"255" doc:"A repetition within a day makes nothing new"`
}

type createAPIKeyOut struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this repeats an earlier reply; the secret is not repeated"`
	Body     createdAPIKey
}

type createdAPIKey struct {
	APIKey apiKeyView `json:"apikey"`
	Secret string     `json:"secret,omitempty" doc:"What goes into the Authorization header. It is in this reply and nowhere else."`
}

func (s *server) createAPIKey(ctx context.Context, in *createAPIKeyIn) (*createAPIKeyOut, error) {
	scopes := each(in.Body.Scopes, func(name string) access.Scope { return access.Scope(name) })
	if len(slices.Compact(slices.Sorted(slices.Values(scopes)))) < len(scopes) {
		return nil, invalid("scopes: one of them is there twice")
	}
	wish := issuer.NewAPIKey{Name: in.Body.Name, Scopes: scopes, ExpiresAt: in.Body.ExpiresAt, IdempotencyKey: in.Once}
	return s.addAPIKey(ctx, in.App, wish, in.Body.Networks)
}

type newOperator struct {
	Name      string     `json:"name" minLength:"1" maxLength:"64"`
	Networks  []string   `json:"networks,omitempty" maxItems:"32" doc:"Such as 192.0.2.0/24, or one address; anywhere, unless said otherwise"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Never, unless said otherwise"`
}

type createOperatorIn struct {
	OnceOnly
	Body newOperator
}

func (s *server) createOperator(ctx context.Context, in *createOperatorIn) (*createAPIKeyOut, error) {
	wish := issuer.NewAPIKey{
		Name: in.Body.Name, Scopes: []access.Scope{access.ScopeOperator}, ExpiresAt: in.Body.ExpiresAt, IdempotencyKey: in.Once,
	}
	return s.addAPIKey(ctx, issuer.Platform, wish, in.Body.Networks)
}

func (s *server) addAPIKey(ctx context.Context, app uint32, wish issuer.NewAPIKey, from []string) (*createAPIKeyOut, error) {
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
	out := &createAPIKeyOut{Body: createdAPIKey{viewAPIKey(k), secret}}
	if secret == "" {
		out.Replayed = "true"
	}
	return out, nil
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
