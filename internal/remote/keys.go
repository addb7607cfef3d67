package remote

import (
	"context"
	"net/http"
	"time"
)

// Key is a key of an application.
type Key struct {
	KeyID     string     `json:"key_id"`
	Scheme    string     `json:"scheme"`
	Curve     string     `json:"curve"`
	State     string     `json:"state"` // next, signing, retired or dead
	PublicKey string     `json:"public_key"`
	Imported  bool       `json:"imported"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	RetireAt  *time.Time `json:"retire_at"`
	EndedAt   *time.Time `json:"ended_at"`
	EndedBy   string     `json:"ended_by"`
	Reason    string     `json:"reason"`
}

// Keys returns all keys of an application, dead ones included.
func (c *Client) Keys(ctx context.Context, app uint32) (Reply[[]Key], error) {
	return list[Key](ctx, c, ofApp(app, "keys"), "keys")
}

// Rotation is what is asked for in a rotation.
type Rotation struct {
	Overlap *int64 `json:"overlap,omitempty"` // in seconds; if nil, the server's choice
	Prepare bool   `json:"prepare,omitempty"` // only publish the new key
	Reason  string `json:"reason,omitempty"`
}

// Rotated is a new key.
type Rotated struct {
	Key Key `json:"key"`
	Handout
}

// RotateKey makes a new key sign.
func (c *Client) RotateKey(ctx context.Context, app uint32, wish Rotation) (Reply[Rotated], error) {
	return ask[Rotated](ctx, c, call{method: http.MethodPost, path: ofApp(app, "keys", "rotate"), body: wish})
}

// Killed is a key that is dead and the one that took its place, if one did.
type Killed struct {
	Killed      Key      `json:"killed"`
	Replacement *Rotated `json:"replacement"`
}

// KillKey ends a key at once. With replace another signs from then on.
func (c *Client) KillKey(ctx context.Context, app uint32, key, reason string, replace bool) (Reply[Killed], error) {
	body := struct {
		Reason  string `json:"reason"`
		Replace bool   `json:"replace,omitempty"`
	}{reason, replace}
	return ask[Killed](ctx, c, call{method: http.MethodPost, path: ofApp(app, "keys", key, "kill"), body: body})
}

// ImportKey adds a public key, as PEM. With sign it becomes the signing key.
func (c *Client) ImportKey(ctx context.Context, app uint32, pem string, sign bool) (Reply[Key], error) {
	body := struct {
		PublicKey string `json:"public_key"`
		Sign      bool   `json:"sign,omitempty"`
	}{pem, sign}
	return ask[Key](ctx, c, call{method: http.MethodPost, path: ofApp(app, "keys"), body: body})
}
