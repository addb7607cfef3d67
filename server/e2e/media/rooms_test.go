package media_test

import (
	"net/http"
	"strings"
	"testing"

	lksdk "github.com/livekit/server-sdk-go/v2"

	"usersig"
	"usersig/server/internal/gate"
)

// TestRooms: the operator sees who is where, makes one user leave, and closes a room.
func TestRooms(t *testing.T) {
	w := open(t, nil)
	a, other := w.app(nil), w.app(nil)
	hall := usersig.Room{Name: "大厅 1"}
	alice, bob := w.mustJoin(a.credential("alice", hall)), w.mustJoin(a.credential("bob", hall))
	w.mustJoin(a.credential("carol", lobby))
	w.mustJoin(other.credential("dave", lobby))
	if rooms := w.Must("GET", a.path("/rooms"), nil)["rooms"].([]any); len(rooms) != 2 {
		t.Errorf("the rooms are %v", rooms)
	}
	room := a.path("/rooms/%s", gate.RoomText(hall))
	users := w.Must("GET", room+"/users", nil)["users"].([]any)
	if len(users) != 2 || users[0].(object)["userid"] != "alice" {
		t.Errorf("the users are %v", users)
	}
	w.Must("DELETE", room+"/users/alice", nil)
	if why, _ := alice.leaves(); why != lksdk.ParticipantRemoved {
		t.Errorf("alice left because of %q", why)
	}
	if status, _ := w.Try("DELETE", room+"/users/nobody", nil); status != http.StatusNotFound {
		t.Errorf("removing nobody: %d", status)
	}
	w.Must("DELETE", room, nil)
	bob.leaves()
	if status, _ := w.Try("GET", room+"/users", nil); status != http.StatusNotFound {
		t.Errorf("a room that is closed: %d", status)
	}
	if status, _ := w.Try("DELETE", a.path("/rooms/123"), nil); status != http.StatusUnprocessableEntity {
		t.Errorf("a room that is none: %d", status)
	}
	for _, why := range []string{`user=alice room="\"大厅 1\"" why="removed by an operator"`, `user=bob room="\"大厅 1\"" why="room dissolved by an operator"`} {
		eventually(t, patience, why, func() bool { return strings.Contains(w.Log.String(), why) })
	}
	entries := w.Must("GET", a.path("/audit?limit=200"), nil)["entries"].([]any)
	var done, refused int
	for _, e := range entries {
		switch e := e.(object); {
		case e["action"] != "room.remove" && e["action"] != "room.dissolve":
		case e["outcome"] == "done":
			done++
		default:
			refused++
		}
	}
	if done != 2 || refused != 2 {
		t.Errorf("%d acts and %d refusals are in the log: %v", done, refused, entries)
	}
}
