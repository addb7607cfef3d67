package remote

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"usersig"
)

// OpenRoom is a room of the audio/video server.
type OpenRoom struct {
	Path      string       `json:"path"` // as [RoomText] writes it
	Room      usersig.Room `json:"room"`
	Users     int          `json:"users"`
	CreatedAt time.Time    `json:"created_at"`
}

// RoomUser is a user who is in a room.
type RoomUser struct {
	UserID   string    `json:"userid"`
	JoinedAt time.Time `json:"joined_at"`
	Sends    []string  `json:"sends"` // audio, video, screen, screen-audio: one for each track
}

// RoomText writes a room as it is in paths and in what SDKs send: "n123", or "s" and the
// name in base64url without padding. Number 123 and the name "123" are different rooms.
func RoomText(r usersig.Room) string {
	if r.Name != "" {
		return "s" + base64.RawURLEncoding.EncodeToString([]byte(r.Name))
	}
	return "n" + strconv.FormatUint(uint64(r.ID), 10)
}

// Rooms returns the rooms of an application that are open.
func (c *Client) Rooms(ctx context.Context, app uint32) (Reply[[]OpenRoom], error) {
	return list[OpenRoom](ctx, c, ofApp(app, "rooms"), "rooms")
}

// RoomUsers returns who is in a room.
func (c *Client) RoomUsers(ctx context.Context, app uint32, r usersig.Room) (Reply[[]RoomUser], error) {
	return list[RoomUser](ctx, c, ofApp(app, "rooms", RoomText(r), "users"), "users")
}

// RemoveUser makes a user leave a room.
func (c *Client) RemoveUser(ctx context.Context, app uint32, r usersig.Room, user string) error {
	_, _, err := c.fetch(ctx, call{method: http.MethodDelete, path: ofApp(app, "rooms", RoomText(r), "users", user)})
	return err
}

// DissolveRoom makes everybody leave a room, and closes it.
func (c *Client) DissolveRoom(ctx context.Context, app uint32, r usersig.Room) error {
	_, _, err := c.fetch(ctx, call{method: http.MethodDelete, path: ofApp(app, "rooms", RoomText(r))})
	return err
}
