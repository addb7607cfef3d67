package gate

import (
	"encoding/hex"
	"strconv"
	"strings"

	"usersig"
)

// RoomName returns the name by which an engine knows a room of an application. Rooms of
// two applications never meet, and neither do number 123 and the name "123".
//
// Names are in hexadecimal, so that no room has an underscore: LiveKit calls a user in a
// room by both with one between them, and user a_b of room r would be user b of room r_a.
// What an operator does to one of them would be done to the other.
func RoomName(app uint32, r usersig.Room) string {
	kind, name := "/n/", strconv.FormatUint(uint64(r.ID), 10)
	if r.Name != "" {
		kind, name = "/s/", hex.EncodeToString([]byte(r.Name))
	}
	return strconv.FormatUint(uint64(app), 10) + kind + name
}

// ParseRoomName is the inverse of [RoomName]. It reports false for what is none, and for
// any other spelling of one.
func ParseRoomName(name string) (app uint32, r usersig.Room, ok bool) {
	number, rest, _ := strings.Cut(name, "/")
	kind, of, _ := strings.Cut(rest, "/")
	id, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, usersig.Room{}, false
	}
	switch kind {
	case "s":
		text, _ := hex.DecodeString(of)
		r.Name = string(text)
	case "n":
		n, _ := strconv.ParseUint(of, 10, 32)
		r.ID = uint32(n)
	}
	if app = uint32(id); r == (usersig.Room{}) || RoomName(app, r) != name {
		return 0, usersig.Room{}, false
	}
	return app, r, true
}
