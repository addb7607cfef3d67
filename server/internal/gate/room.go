package gate

import (
	"strconv"
	"strings"

	"usersig"
)

// RoomName returns the name by which an engine knows a room of an application. Rooms of
// two applications never meet, and neither do number 123 and the name "123".
func RoomName(app uint32, r usersig.Room) string {
	kind, name := "n", strconv.FormatUint(uint64(r.ID), 10)
	if r.Name != "" {
		kind, name = "s", r.Name
	}
	return strconv.FormatUint(uint64(app), 10) + "/" + kind + "/" + name
}

// ParseRoomName is the inverse of [RoomName]. It reports false for what is none.
func ParseRoomName(name string) (app uint32, r usersig.Room, ok bool) {
	number, rest, _ := strings.Cut(name, "/")
	kind, of, found := strings.Cut(rest, "/")
	id, err := strconv.ParseUint(number, 10, 32)
	switch {
	case err != nil || !found || of == "":
		return 0, usersig.Room{}, false
	case kind == "s":
		return uint32(id), usersig.Room{Name: of}, true
	case kind == "n":
		n, err := strconv.ParseUint(of, 10, 32)
		return uint32(id), usersig.Room{ID: uint32(n)}, err == nil
	}
	return 0, usersig.Room{}, false
}
