package remote

import (
	"context"
	"net/http"
	"time"

	"usersig"
)

// Question is what is asked about a token.
type Question struct {
	Token   string        `json:"token"`
	UserID  string        `json:"userid"`
	Purpose string        `json:"purpose,omitempty"`
	Room    *usersig.Room `json:"room,omitempty"`
	Source  string        `json:"source,omitempty"` // where the user's request came from
}

// Verdict is the server's answer. If OK is not set, Refusal is.
type Verdict struct {
	OK          bool             `json:"ok"`
	AppID       uint32           `json:"sdkappid"`
	UserID      string           `json:"userid"`
	IssuedAt    time.Time        `json:"issued_at"`
	ExpiresAt   time.Time        `json:"expires_at"`
	Scheme      string           `json:"scheme"`
	KeyID       string           `json:"key_id"`
	Purpose     string           `json:"purpose"`
	Grant       *usersig.Grant   `json:"grant"`
	RoomChecked *bool            `json:"room_checked"`
	UserBuf     *[]byte          `json:"userbuf"`
	Refusal     *usersig.Refusal `json:"refusal"`
}

// Verify asks whether a token is good.
func (c *Client) Verify(ctx context.Context, app uint32, q Question) (Reply[Verdict], error) {
	if err := checkUser(q.UserID); err != nil {
		return Reply[Verdict]{}, err
	}
	got, err := ask[Verdict](ctx, c, call{method: http.MethodPost, path: ofApp(app, "verify"), body: q, again: true})
	if err != nil {
		return Reply[Verdict]{}, err
	}
	v := got.Value
	// An answer to another question must not pass for a good one to this.
	if v.OK == (v.Refusal != nil) || v.OK && (v.AppID != app || v.UserID != q.UserID) {
		return Reply[Verdict]{}, &Error{Fault: NotOurs, Host: c.host}
	}
	return got, nil
}
