package gate

import (
	"strings"
	"testing"

	"usersig"
)

func TestRoomName(t *testing.T) {
	seen := map[string]bool{}
	for _, app := range []uint32{1, 12, 1400000000} {
		for _, r := range []usersig.Room{{ID: 1}, {ID: 123}, {Name: "123"}, {Name: "n/123"}, {Name: "1"}, {Name: "a/b"}, {Name: "大厅"}} {
			name := RoomName(app, r)
			if seen[name] {
				t.Errorf("%q is two rooms", name)
			}
			seen[name] = true
			if a, got, ok := ParseRoomName(name); !ok || a != app || got != r {
				t.Errorf("%q: %d %v %v", name, a, got, ok)
			}
		}
	}
	for _, name := range []string{
		"", "1", "1/n", "1/n/", "1/n/0", "1/x/1", "a/n/1", "1/n/-1", "1/n/01", "01/n/1", "+1/n/1", "1/n/4294967296", "1/n/1/",
		"1/s/", "1/s/6", "1/s/6F", "1/s/a", "1/s/hall", "1/s/61/", "/s/61", "4294967296/s/61",
	} {
		if a, r, ok := ParseRoomName(name); ok || a != 0 || r != (usersig.Room{}) {
			t.Errorf("%q is room %v", name, r)
		}
	}
	// LiveKit's bound is 256.
	if n := len(RoomName(1<<32-1, usersig.Room{Name: strings.Repeat("_", usersig.MaxRoomName)})); n > 150 {
		t.Errorf("a room's name is %d bytes", n)
	}
}

// topic is what LiveKit calls a user in a room where nodes tell each other to remove them.
func topic(app uint32, r usersig.Room, user string) string { return RoomName(app, r) + "_" + user }

// TestTwoUsersOneTopic: an operator who removed one of them would have removed the other.
func TestTwoUsersOneTopic(t *testing.T) {
	if topic(1, usersig.Room{Name: "r"}, "a_b") == topic(1, usersig.Room{Name: "r_a"}, "b") {
		t.Error("user a_b of room r is user b of room r_a")
	}
}

// FuzzTopic: no two users in rooms have one topic, and a name is that of one room.
func FuzzTopic(f *testing.F) {
	f.Add(uint32(1), uint32(0), "r", "a_b", uint32(1), uint32(0), "r_a", "b")
	f.Add(uint32(1), uint32(23), "", "4", uint32(12), uint32(3), "", "4")
	f.Add(uint32(1), uint32(7), "", "s/61", uint32(1), uint32(0), "a", "")
	f.Fuzz(func(t *testing.T, app1, id1 uint32, name1, user1 string, app2, id2 uint32, name2, user2 string) {
		r1, r2 := usersig.Room{ID: id1}, usersig.Room{ID: id2}
		if name1 != "" {
			r1 = usersig.Room{Name: name1}
		}
		if name2 != "" {
			r2 = usersig.Room{Name: name2}
		}
		same := app1 == app2 && r1 == r2 && user1 == user2
		if got := topic(app1, r1, user1) == topic(app2, r2, user2); got != same {
			t.Errorf("%d %+v %q and %d %+v %q: one topic %v", app1, r1, user1, app2, r2, user2, got)
		}
		if r1 == (usersig.Room{}) {
			return
		}
		if app, r, ok := ParseRoomName(RoomName(app1, r1)); !ok || app != app1 || r != r1 {
			t.Errorf("%d %+v became %d %+v", app1, r1, app, r)
		}
		if app, r, ok := ParseRoomName(name1); ok && RoomName(app, r) != name1 {
			t.Errorf("%q is another spelling of %+v", name1, r)
		}
	})
}
