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

	SignNext     bool `json:"sign_next"`     // imported: the next rotation makes it sign
	KeepSessions bool `json:"keep_sessions"` // dead: who came in with it may stay
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
	Once    string `json:"-"` // the idempotency key; if empty, one that nobody else uses
}

// Rotated is a new key.
type Rotated struct {
	Key Key `json:"key"`
	Handout
}

// RotateKey makes a new key sign. However often the request gets there, it makes one.
func (c *Client) RotateKey(ctx context.Context, app uint32, wish Rotation) (Reply[Rotated], error) {
	return ask[Rotated](ctx, c, making(ofApp(app, "keys", "rotate"), wish, wish.Once))
}

// Killed is a key that is dead and the one that took its place, if one did.
type Killed struct {
	Killed      Key      `json:"killed"`
	Replacement *Rotated `json:"replacement"`
}

// Killing is what is asked for of a key that is to end.
type Killing struct {
	Reason       string `json:"reason"`
	Replace      bool   `json:"replace,omitempty"`       // another signs from then on
	KeepSessions bool   `json:"keep_sessions,omitempty"` // who came in with it may stay
}

// KillKey ends a key at once. A key that is dead for the same reason is no failure, so the
// request may be repeated.
func (c *Client) KillKey(ctx context.Context, app uint32, key string, wish Killing) (Reply[Killed], error) {
	return ask[Killed](ctx, c, call{method: http.MethodPost, path: ofApp(app, "keys", key, "kill"), body: wish, again: true})
}

// OwnKey is a public key whose private half is elsewhere.
type OwnKey struct {
	PublicKey string `json:"public_key"`          // PEM
	Sign      bool   `json:"sign,omitempty"`      // it becomes the signing key
	SignNext  bool   `json:"sign_next,omitempty"` // the next rotation makes it the signing key
	Once      string `json:"-"`                   // the idempotency key; if empty, one that nobody else uses
}

// ImportKey adds a public key.
func (c *Client) ImportKey(ctx context.Context, app uint32, key OwnKey) (Reply[Key], error) {
	return ask[Key](ctx, c, making(ofApp(app, "keys"), key, key.Once))
}
