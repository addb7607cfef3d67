package remote

import (
	"context"
	"net/http"
	"time"
)

// APIKey is a back end's credential, without the secret.
type APIKey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	Networks  []string   `json:"networks"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// NewAPIKey is what is asked for in a new one.
type NewAPIKey struct {
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	Networks  []string   `json:"networks,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// MadeAPIKey is a new one, with the secret, which is in this reply and nowhere else.
type MadeAPIKey struct {
	APIKey APIKey `json:"apikey"`
	Secret string `json:"secret"`
}

// CreateAPIKey makes an API key.
func (c *Client) CreateAPIKey(ctx context.Context, app uint32, wish NewAPIKey) (Reply[MadeAPIKey], error) {
	made, err := ask[MadeAPIKey](ctx, c, call{method: http.MethodPost, path: ofApp(app, "apikeys"), body: wish})
	if err == nil && made.Value.Secret == "" { // of no use to anybody
		return Reply[MadeAPIKey]{}, &Error{Fault: NotOurs, Host: c.host}
	}
	return made, err
}

// APIKeys returns all API keys of an application.
func (c *Client) APIKeys(ctx context.Context, app uint32) (Reply[[]APIKey], error) {
	return list[APIKey](ctx, c, ofApp(app, "apikeys"), "apikeys")
}

// DeleteAPIKey ends an API key.
func (c *Client) DeleteAPIKey(ctx context.Context, app uint32, id string) error {
	_, err := c.fetch(ctx, call{method: http.MethodDelete, path: ofApp(app, "apikeys", id)})
	return err
}
