package httpapi

import (
	"context"
	"slices"
	"time"

	"usersig"
	"usersig/server/internal/gate"
)

// house is an engine with rooms and without media: what is asked of the real one is
// tested with it.
type house struct {
	app   uint32
	rooms map[usersig.Room][]string
}

// newHouse has the lobby with alice and bob, and a room with a name, in the application
// that the world has.
func newHouse() *house {
	return &house{1400000000, map[usersig.Room][]string{{ID: 7}: {"alice", "bob"}, {Name: "大厅"}: {"carol"}}}
}

var opened = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (h *house) Rooms(_ context.Context, app uint32) (all []gate.RoomInfo, _ error) {
	for r, users := range h.rooms {
		if app == h.app {
			all = append(all, gate.RoomInfo{Room: r, Users: len(users), CreatedAt: opened})
		}
	}
	return all, nil
}

func (h *house) Users(_ context.Context, app uint32, room usersig.Room) (all []gate.UserInfo, _ error) {
	users, ok := h.rooms[room]
	if !ok || app != h.app {
		return nil, gate.ErrNoRoom
	}
	for _, u := range users {
		all = append(all, gate.UserInfo{UserID: u, JoinedAt: opened, Sends: []gate.Track{gate.Audio, gate.Screen}})
	}
	return all, nil
}

func (h *house) Remove(_ context.Context, app uint32, room usersig.Room, user string) error {
	if app != h.app || !slices.Contains(h.rooms[room], user) {
		return gate.ErrNoUser
	}
	h.rooms[room] = slices.DeleteFunc(h.rooms[room], func(u string) bool { return u == user })
	return nil
}

func (h *house) Dissolve(_ context.Context, app uint32, room usersig.Room) error {
	if _, ok := h.rooms[room]; !ok || app != h.app {
		return gate.ErrNoRoom
	}
	delete(h.rooms, room)
	return nil
}
