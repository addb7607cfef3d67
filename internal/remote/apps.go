package remote

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"
)

// App is an application, as far as it is shown.
type App struct {
	AppID     uint32    `json:"sdkappid"`
	Name      string    `json:"name"`
	State     string    `json:"state"` // running, stopped or deleted
	Settings  Settings  `json:"settings"`
	CreatedAt time.Time `json:"created_at"`
}

// Settings are an application's.
type Settings struct {
	Scheme               string   `json:"scheme"`
	Curve                string   `json:"curve"`
	Custody              string   `json:"custody"`
	MaxTTL               int64    `json:"max_ttl"` // in seconds
	UserIDs              string   `json:"user_ids"`
	RequirePrivateMapKey bool     `json:"require_privatemapkey"`
	Admins               []string `json:"admins"`
}

// NewApp is what is asked for in a new application. What is left out is the server's
// choice.
type NewApp struct {
	Name     string    `json:"name"`
	Settings NewLimits `json:"settings"`
}

// NewLimits are the settings of a new application.
type NewLimits struct {
	Scheme               string   `json:"scheme,omitempty"`
	Curve                string   `json:"curve,omitempty"`
	Custody              string   `json:"custody,omitempty"`
	MaxTTL               int64    `json:"max_ttl,omitempty"` // in seconds
	UserIDs              string   `json:"user_ids,omitempty"`
	RequirePrivateMapKey bool     `json:"require_privatemapkey,omitempty"`
	Admins               []string `json:"admins,omitempty"`
}

// Handout is key material that is handed out, in this reply and nowhere else.
type Handout struct {
	KeysZip   []byte `json:"keys_zip"`
	SecretKey string `json:"secret_key"`
}

// MadeApp is a new application with its key.
type MadeApp struct {
	App App `json:"app"`
	Key Key `json:"key"`
	Handout
}

// CreateApp makes an application. However often the request gets there, it makes one.
func (c *Client) CreateApp(ctx context.Context, wish NewApp) (Reply[MadeApp], error) {
	return ask[MadeApp](ctx, c, call{method: http.MethodPost, path: "/v1/apps", body: wish, once: rand.Text(), again: true})
}

// Apps returns all applications.
func (c *Client) Apps(ctx context.Context) (Reply[[]App], error) {
	return list[App](ctx, c, "/v1/apps", "apps")
}

// App returns an application.
func (c *Client) App(ctx context.Context, app uint32) (Reply[App], error) {
	return ask[App](ctx, c, call{method: http.MethodGet, path: ofApp(app), again: true})
}

// SetState stops an application or makes it run again: stopped or running.
func (c *Client) SetState(ctx context.Context, app uint32, state string) (Reply[App], error) {
	body := struct {
		State string `json:"state"`
	}{state}
	return ask[App](ctx, c, call{method: http.MethodPatch, path: ofApp(app), body: body, again: true})
}

// DeleteApp deletes an application that is stopped.
func (c *Client) DeleteApp(ctx context.Context, app uint32) error {
	_, err := c.fetch(ctx, call{method: http.MethodDelete, path: ofApp(app)})
	return err
}
