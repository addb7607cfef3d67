package gate

import (
	"context"
	"errors"
	"time"

	"usersig"
)

// Engine is what an audio/video server can be asked, on any node of it.
type Engine interface {
	// Rooms returns the rooms of an application that are open.
	Rooms(ctx context.Context, app uint32) ([]RoomInfo, error)
	// Users returns who is in a room, or [ErrNoRoom].
	Users(ctx context.Context, app uint32, room usersig.Room) ([]UserInfo, error)
	// Remove makes a user leave a room; they may come back. It may return [ErrNoUser].
	Remove(ctx context.Context, app uint32, room usersig.Room, user string) error
	// Dissolve makes everybody leave a room and closes it. It may return [ErrNoRoom].
	Dissolve(ctx context.Context, app uint32, room usersig.Room) error
}

// What an engine cannot do.
var (
	ErrNoRoom = errors.New("there is no such room")
	ErrNoUser = errors.New("the user is not in the room")
)

// RoomInfo is a room that is open.
type RoomInfo struct {
	Room      usersig.Room
	Users     int
	CreatedAt time.Time
}

// UserInfo is a user in a room.
type UserInfo struct {
	UserID   string
	JoinedAt time.Time
	Sends    []Track // one for each track
}
