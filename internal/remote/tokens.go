package remote

import (
	"context"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"usersig"
)

// Issued is a token of either kind.
type Issued struct {
	UserSig       string    `json:"usersig"`
	PrivateMapKey string    `json:"privatemapkey"`
	AppID         uint32    `json:"sdkappid"`
	UserID        string    `json:"userid"`
	IssuedAt      time.Time `json:"issued_at"`
	ExpiresAt     time.Time `json:"expires_at"`
	KeyID         string    `json:"key_id"`
}

// MaxBatch is how many user IDs a batch has at most.
const MaxBatch = 1000

type wish struct {
	UserID string         `json:"userid"`
	TTL    int64          `json:"ttl,omitempty"`
	Room   *usersig.Room  `json:"room,omitempty"`
	Allow  *allowedRights `json:"allow,omitempty"`
}

// allowedRights are sent as their sum: none is a choice, too.
type allowedRights uint32

// IssueUserSig asks for a UserSig. A TTL of 0 is the server's choice.
func (c *Client) IssueUserSig(ctx context.Context, app uint32, user string, ttl time.Duration) (Reply[Issued], error) {
	return c.issue(ctx, app, "usersigs", wish{UserID: user, TTL: int64(ttl / time.Second)}, nil)
}

// IssuePrivateMapKey asks for a PrivateMapKey. A TTL of 0 is the server's choice.
func (c *Client) IssuePrivateMapKey(ctx context.Context, app uint32, user string, ttl time.Duration, g usersig.Grant) (Reply[Issued], error) {
	w := wish{UserID: user, TTL: int64(ttl / time.Second), Room: &g.Room, Allow: new(allowedRights(g.Allow))}
	return c.issue(ctx, app, "privatemapkeys", w, &g)
}

func (c *Client) issue(ctx context.Context, app uint32, what string, w wish, g *usersig.Grant) (Reply[Issued], error) {
	if err := checkUser(w.UserID); err != nil {
		return Reply[Issued]{}, err
	}
	got, err := ask[Issued](ctx, c, call{method: http.MethodPost, path: ofApp(app, what), body: w, again: true})
	if err != nil {
		return Reply[Issued]{}, err
	}
	if err := c.check(&got.Value, app, w.UserID, g); err != nil {
		return Reply[Issued]{}, err
	}
	return got, nil
}

// IssueBatch asks for a UserSig for each user, in their order.
func (c *Client) IssueBatch(ctx context.Context, app uint32, users []string, ttl time.Duration) ([]Issued, error) {
	body := struct {
		TTL   int64  `json:"ttl,omitempty"`
		Items []wish `json:"items"`
	}{TTL: int64(ttl / time.Second)}
	for _, user := range users {
		if err := checkUser(user); err != nil {
			return nil, err
		}
		body.Items = append(body.Items, wish{UserID: user})
	}
	type items struct {
		Items []Issued `json:"items"`
	}
	got, err := ask[items](ctx, c, call{method: http.MethodPost, path: ofApp(app) + "/usersigs:batch", body: body, again: true})
	if err != nil {
		return nil, err
	}
	if len(got.Value.Items) != len(users) {
		return nil, &Error{Fault: WrongToken, Host: c.host}
	}
	for i := range users {
		if err := c.check(&got.Value.Items[i], app, users[i], nil); err != nil {
			return nil, err
		}
	}
	return got.Value.Items, nil
}

// checkUser refuses what JSON would turn into another user ID.
func checkUser(user string) error {
	if !utf8.ValidString(user) {
		return fmt.Errorf("%w: user ID has a control character or is not UTF-8", usersig.ErrInvalidClaims)
	}
	return nil
}

// check compares a token with what was asked for. Whoever gets it to hand on should not
// find out that it is another user's when that user's calls come in.
func (c *Client) check(t *Issued, app uint32, user string, g *usersig.Grant) error {
	token, purpose := t.UserSig, usersig.UserSig
	if g != nil {
		token, purpose = t.PrivateMapKey, usersig.PrivateMapKey
	}
	i, err := usersig.Inspect(token)
	if err != nil || i.AppID != app || i.UserID != user || i.Purpose != purpose || g != nil && (i.Grant == nil || *i.Grant != *g) {
		return &Error{Fault: WrongToken, Host: c.host}
	}
	t.AppID, t.UserID, t.IssuedAt, t.ExpiresAt = i.AppID, i.UserID, i.IssuedAt, i.ExpiresAt
	return nil
}

// DemoConfig asks for a demo config, byte for byte as it is to be written to a file.
func (c *Client) DemoConfig(ctx context.Context, app uint32, platform string, users int, ttl time.Duration) ([]byte, error) {
	body := struct {
		Platform string `json:"platform"`
		Users    int    `json:"users"`
		TTL      int64  `json:"ttl,omitempty"`
	}{platform, users, int64(ttl / time.Second)}
	type config struct {
		AppID uint32 `json:"sdkappid"`
		Users []struct {
			UserID string `json:"userId"`
			Token  string `json:"userToken"`
		} `json:"users"`
	}
	got, err := ask[config](ctx, c, call{method: http.MethodPost, path: ofApp(app, "demo-config"), body: body, again: true})
	if err != nil {
		return nil, err
	}
	for _, u := range got.Value.Users {
		if err := c.check(&Issued{UserSig: u.Token}, app, u.UserID, nil); err != nil {
			return nil, err
		}
	}
	if got.Value.AppID != app || len(got.Value.Users) != users {
		return nil, &Error{Fault: WrongToken, Host: c.host}
	}
	return got.JSON, nil
}
