package remote

import (
	"context"
	"encoding/json"
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
	OIDC                 *OIDC    `json:"oidc"`
}

// OIDC names an OpenID Connect provider whose users may fetch a UserSig of their own.
type OIDC struct {
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	Claim    string `json:"claim,omitempty"` // the one that is the user ID; sub if empty
}

// NewApp is what is asked for in a new application. What is left out is the server's
// choice.
type NewApp struct {
	Name     string `json:"name"`
	Settings Wishes `json:"settings"`
	Once     string `json:"-"` // the idempotency key; if empty, one that nobody else uses
}

// AppChange is what is to change in an application. What is left out stays as it is.
type AppChange struct {
	Name     string `json:"name,omitempty"`
	State    string `json:"state,omitempty"` // stopped or running
	Settings Wishes `json:"settings,omitzero"`
}

// Wishes are what of the settings is asked for.
type Wishes struct {
	Scheme               string     `json:"scheme,omitempty"`
	Curve                string     `json:"curve,omitempty"`
	Custody              string     `json:"custody,omitempty"`
	MaxTTL               int64      `json:"max_ttl,omitempty"` // in seconds
	UserIDs              string     `json:"user_ids,omitempty"`
	RequirePrivateMapKey *bool      `json:"require_privatemapkey,omitempty"`
	Admins               []string   `json:"admins,omitzero"` // if empty and not nil, nobody
	OIDC                 OIDCChange `json:"oidc,omitzero"`
}

// IsZero reports whether nothing is asked for.
func (w Wishes) IsZero() bool {
	return w.Scheme == "" && w.Curve == "" && w.Custody == "" && w.MaxTTL == 0 && w.UserIDs == "" &&
		w.RequirePrivateMapKey == nil && w.Admins == nil && w.OIDC.IsZero()
}

// OIDCChange is a provider to trust from now on, or the end of that. The zero value is
// neither.
type OIDCChange struct {
	To  *OIDC
	End bool
}

// IsZero reports whether nothing is asked for.
func (c OIDCChange) IsZero() bool { return c == OIDCChange{} }

// MarshalJSON implements [json.Marshaler]: the end of it is null.
func (c OIDCChange) MarshalJSON() ([]byte, error) { return json.Marshal(c.To) }

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
	return ask[MadeApp](ctx, c, making("/v1/apps", wish, wish.Once))
}

// Apps returns all applications.
func (c *Client) Apps(ctx context.Context) (Reply[[]App], error) {
	return list[App](ctx, c, "/v1/apps", "apps")
}

// App returns an application.
func (c *Client) App(ctx context.Context, app uint32) (Reply[App], error) {
	return ask[App](ctx, c, call{method: http.MethodGet, path: ofApp(app), again: true})
}

// ChangeApp changes an application.
func (c *Client) ChangeApp(ctx context.Context, app uint32, change AppChange) (Reply[App], error) {
	return ask[App](ctx, c, call{method: http.MethodPatch, path: ofApp(app), body: change, again: true})
}

// DeleteApp deletes an application that is stopped.
func (c *Client) DeleteApp(ctx context.Context, app uint32) error {
	_, _, err := c.fetch(ctx, call{method: http.MethodDelete, path: ofApp(app)})
	return err
}
