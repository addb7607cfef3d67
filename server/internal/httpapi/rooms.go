package httpapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
)

// OfRoom names a room of an application, in the spelling of credentials: a number and a
// name are different rooms.
type OfRoom struct {
	OfApp
	Room string `path:"room" minLength:"2" maxLength:"90" doc:"n and the room's number, such as n123, or s and the room's name in base64url without padding"`
}

func (in *OfRoom) room() (usersig.Room, error) {
	r, ok := gate.ParseRoom(in.Room)
	if !ok {
		return usersig.Room{}, invalid("room: it is n and a number, such as n123, or s and a name in base64url")
	}
	return r, nil
}

type openRoom struct {
	Path      string    `json:"path" doc:"How the room is named in paths"`
	Room      roomView  `json:"room"`
	Users     int       `json:"users" doc:"How many are in it"`
	CreatedAt time.Time `json:"created_at"`
}

type roomList struct {
	Rooms []openRoom `json:"rooms"`
	Next  string     `json:"next,omitempty" doc:"The cursor of the next page; absent at the end"`
}

// media returns the audio/video server, or says that there is none.
func (s *server) media() (gate.Engine, error) {
	if s.opts.Media == nil {
		return nil, problemAs(kindNotFound, "this server serves no media")
	}
	return s.opts.Media, nil
}

func (s *server) listRooms(ctx context.Context, in *struct {
	OfApp
	PageQuery
}) (*body[roomList], error) {
	if err := s.svc.Look(ctx, callOf(ctx).caller, access.ReadRoom, in.App); err != nil {
		return nil, err
	}
	engine, err := s.media()
	if err != nil {
		return nil, err
	}
	open, err := engine.Rooms(ctx, in.App)
	if err != nil {
		return nil, asKnown(err)
	}
	key := func(r gate.RoomInfo) string { return gate.RoomText(r.Room) }
	some, next, err := page(open, "rooms", &in.PageQuery, key)
	if err != nil {
		return nil, err
	}
	return says(roomList{each(some, func(r gate.RoomInfo) openRoom {
		return openRoom{key(r), roomView{r.Room.ID, r.Room.Name}, r.Users, r.CreatedAt}
	}), next})
}

type roomUser struct {
	UserID   string    `json:"userid"`
	JoinedAt time.Time `json:"joined_at"`
	Sends    []string  `json:"sends" enum:"audio,video,screen,screen-audio" doc:"One for each track"`
}

type roomUserList struct {
	Users []roomUser `json:"users"`
	Next  string     `json:"next,omitempty" doc:"The cursor of the next page; absent at the end"`
}

func (s *server) listRoomUsers(ctx context.Context, in *struct {
	OfRoom
	PageQuery
}) (*body[roomUserList], error) {
	if err := s.svc.Look(ctx, callOf(ctx).caller, access.ReadRoom, in.App); err != nil {
		return nil, err
	}
	room, err := in.room()
	if err != nil {
		return nil, err
	}
	engine, err := s.media()
	if err != nil {
		return nil, err
	}
	users, err := engine.Users(ctx, in.App, room)
	if err != nil {
		return nil, asKnown(err)
	}
	some, next, err := page(users, "users", &in.PageQuery, func(u gate.UserInfo) string { return u.UserID })
	if err != nil {
		return nil, err
	}
	return says(roomUserList{each(some, func(u gate.UserInfo) roomUser {
		return roomUser{u.UserID, u.JoinedAt, each(u.Sends, gate.Track.String)}
	}), next})
}

func (s *server) removeUser(ctx context.Context, in *struct {
	OfRoom
	UserID string `path:"userid" minLength:"1" maxLength:"255" doc:"The user ID, URL-encoded"`
}) (*nothing, error) {
	return s.inRoom(ctx, &in.OfRoom, access.RemoveUser, in.UserID, func(ctx context.Context, engine gate.Engine, room usersig.Room) error {
		return engine.Remove(ctx, in.App, room, in.UserID)
	})
}

func (s *server) dissolveRoom(ctx context.Context, in *OfRoom) (*nothing, error) {
	return s.inRoom(ctx, in, access.DissolveRoom, "", func(ctx context.Context, engine gate.Engine, room usersig.Room) error {
		return engine.Dissolve(ctx, in.App, room)
	})
}

// inRoom has something done to a room, through the service, which admits and records.
func (s *server) inRoom(ctx context.Context, in *OfRoom, a access.Action, subject string, act func(context.Context, gate.Engine, usersig.Room) error) (*nothing, error) {
	room, wrong := in.room()
	detail := "room " + room.String()
	return done(s.svc.Act(ctx, callOf(ctx).caller, a, in.App, subject, detail, func(ctx context.Context) error {
		if wrong != nil {
			return wrong
		}
		engine, err := s.media()
		if err != nil {
			return err
		}
		return asKnown(act(ctx, engine, room))
	}))
}

// asKnown says of what is not in a room that it is not found, and of whatever else an
// engine fails with that it may be better later.
func asKnown(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gate.ErrNoRoom) || errors.Is(err, gate.ErrNoUser):
		return fmt.Errorf("%w: %w", issuer.ErrNotFound, err)
	}
	return fmt.Errorf("%w: %w", issuer.ErrUnavailable, err)
}
