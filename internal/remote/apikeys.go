package remote

import (
	"context"
	"net/http"
	"time"
)

// APIKey is a credential of a back end or of an operator, without the secret.
type APIKey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	Networks  []string   `json:"networks"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// NewAPIKey is what is asked for in a new one. An operator's has no scopes: it may do
// everything.
type NewAPIKey struct {
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes,omitempty"`
	Networks  []string   `json:"networks,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Once      string     `json:"-"` // the idempotency key; if empty, one that nobody else uses
}

// MadeAPIKey is a new one, with the secret, which is in this reply and nowhere else: in
// one that is replayed it is empty.
type MadeAPIKey struct {
	APIKey APIKey `json:"apikey"`
	Secret string `json:"secret"`
}

// CreateAPIKey makes an API key. However often the request gets there, it makes one.
func (c *Client) CreateAPIKey(ctx context.Context, app uint32, wish NewAPIKey) (Reply[MadeAPIKey], error) {
	return c.addAPIKey(ctx, ofApp(app, "apikeys"), wish)
}

// CreateOperator makes an operator's API key.
func (c *Client) CreateOperator(ctx context.Context, wish NewAPIKey) (Reply[MadeAPIKey], error) {
	return c.addAPIKey(ctx, operators, wish)
}

func (c *Client) addAPIKey(ctx context.Context, path string, wish NewAPIKey) (Reply[MadeAPIKey], error) {
	made, err := ask[MadeAPIKey](ctx, c, making(path, wish, wish.Once))
	if err == nil && made.Value.Secret == "" && !made.Replayed { // of no use to anybody
		return Reply[MadeAPIKey]{}, &Error{Fault: NotOurs, Host: c.host}
	}
	return made, err
}

const operators = "/v1/operators"

// APIKeys returns all API keys of an application.
func (c *Client) APIKeys(ctx context.Context, app uint32) (Reply[[]APIKey], error) {
	return list[APIKey](ctx, c, ofApp(app, "apikeys"), "apikeys")
}

// Operators returns all operators' API keys.
func (c *Client) Operators(ctx context.Context) (Reply[[]APIKey], error) {
	return list[APIKey](ctx, c, operators, "apikeys")
}

// DeleteAPIKey ends an API key.
func (c *Client) DeleteAPIKey(ctx context.Context, app uint32, id string) error {
	_, _, err := c.fetch(ctx, call{method: http.MethodDelete, path: ofApp(app, "apikeys", id)})
	return err
}

// DeleteOperator ends an operator's API key.
func (c *Client) DeleteOperator(ctx context.Context, id string) error {
	_, _, err := c.fetch(ctx, call{method: http.MethodDelete, path: operators + "/" + segment(id)})
	return err
}
