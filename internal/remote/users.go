package remote

import (
	"context"
	"net/http"
	"time"
)

// Revocation says up to when a user's tokens are void.
type Revocation struct {
	UserID    string    `json:"userid"`
	RevokedTo time.Time `json:"revoked_to"`
}

// Revoke voids every token that a user was issued up to now.
func (c *Client) Revoke(ctx context.Context, app uint32, user string) (Reply[Revocation], error) {
	return ask[Revocation](ctx, c, call{method: http.MethodPost, path: ofApp(app, "users", user, "revoke"), again: true})
}

// Blocked says until when a user is refused.
type Blocked struct {
	UserID       string    `json:"userid"`
	BlockedUntil time.Time `json:"blocked_until"`
}

// Block refuses a user until a time.
func (c *Client) Block(ctx context.Context, app uint32, user string, until time.Time) (Reply[Blocked], error) {
	body := struct {
		Until time.Time `json:"until"`
	}{until}
	return ask[Blocked](ctx, c, call{method: http.MethodPut, path: ofApp(app, "users", user, "block"), body: body, again: true})
}

// Unblock ends a block.
func (c *Client) Unblock(ctx context.Context, app uint32, user string) error {
	_, _, err := c.fetch(ctx, call{method: http.MethodDelete, path: ofApp(app, "users", user, "block"), again: true})
	return err
}
