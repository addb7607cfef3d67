package media_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"usersig"
	"usersig/server/internal/config"
	"usersig/server/internal/gate"
)

// seesMediaOf waits until somebody's media flows, by which they can stay without their
// WebSocket.
func (x *wire) seesMediaOf(user string) {
	x.t.Helper()
	x.until("media of "+user, func(r *livekit.SignalResponse) bool {
		return slices.ContainsFunc(r.GetUpdate().GetParticipants(), func(p *livekit.ParticipantInfo) bool {
			return p.GetIdentity() == user && p.GetState() == livekit.ParticipantInfo_ACTIVE
		})
	})
}

// usersIn returns how many users an operator is told are in the rooms of an application.
func (a *app) usersIn() (n int) {
	a.w.T.Helper()
	for _, r := range a.w.Must("GET", a.path("/rooms?limit=100"), nil)["rooms"].([]any) {
		n += int(r.(object)["users"].(float64))
	}
	return n
}

// TestPerUserWithoutWebSocket: a client whose media flows can close its WebSocket and stay
// in the room. It is one of the user's sessions all the same, until it ends.
func TestPerUserWithoutWebSocket(t *testing.T) {
	const most = 2
	w := open(t, func(cfg *config.Config) { cfg.Media.PerUser = most })
	a := w.app(nil)
	in := func(i int) gate.Credential { return a.credential("mallory", usersig.Room{ID: uint32(100 + i)}) }
	for i := range most {
		witness, _ := w.mustDial(plain(), a.credential("trent", in(i).Room))
		v := w.view(in(i))
		witness.seesMediaOf("mallory")
		_ = v.ws.Close()
		<-v.gone
	}
	refused := in(most).String()
	for range 3 {
		status, body := w.knock("GET", "/rtc", func(r *http.Request) { places["header"](r, refused) })
		if status != http.StatusTooManyRequests || !strings.Contains(body, "too many connections") {
			t.Fatalf("one room too many: %d %q", status, body)
		}
	}
	if n := a.usersIn(); n != 2*most {
		t.Errorf("mallory and trent are in %d rooms", n)
	}
	w.mustDial(plain(), in(0)) // a second login takes the place of the first
	w.Must("POST", a.path("/users/mallory/revoke"), nil)
	eventually(t, patience, "room for another session", func() bool {
		_, _, err := w.dial("/rtc", plain(), in(most))
		return err == nil
	})
}

// TestResumeWithTheOlder: the session was renewed, and the client comes back to it with
// what it had before. It stays as long as what the session was renewed with.
func TestResumeWithTheOlder(t *testing.T) {
	w := open(t, nil)
	a := w.app(object{"max_ttl": 3600})
	lasting := func(user string, seconds int) gate.Credential {
		return gate.Credential{App: a.id, UserID: user, Room: lobby, UserSig: a.sig(user, seconds)}
	}
	old := lasting("alice", 600)
	alice := w.view(old)
	bob, carol := w.mustJoin(lasting("bob", 600)), w.mustJoin(lasting("carol", 1200))
	w.Pass(time.Minute)
	if status, body := w.send("/rtc/renew", lasting("alice", 3600)); status != http.StatusOK {
		t.Fatalf("renew: %d %s", status, body)
	}
	q := plain()
	q.Set("reconnect", "1")
	q.Set("sid", alice.sid)
	back, resp, err := w.dial("/rtc", q, old)
	if err != nil {
		t.Fatalf("%v (%v)", err, resp)
	}
	back.until("the session", func(r *livekit.SignalResponse) bool { return r.GetReconnect() != nil })
	w.Pass(15 * time.Minute)
	bob.leaves()
	w.Pass(10 * time.Minute)
	carol.leaves() // the gate has looked at all of them since the first one ended
	back.answered()
}

// TestTwoUsersOneTopic: the room and the name of each of two users make the same text.
// What the operator does to one of them is not done to the other, and is done.
func TestTwoUsersOneTopic(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	r, ra := usersig.Room{Name: "r"}, usersig.Room{Name: "r_a"}
	victim, _ := w.mustDial(plain(), a.credential("a_b", r))
	other, _ := w.mustDial(plain(), a.credential("b", ra))
	_ = other.ws.Close()
	eventually(t, patience, "one user in the rooms", func() bool { return a.usersIn() == 1 })
	w.Must("DELETE", a.path("/rooms/%s/users/a_b", gate.RoomText(r)), nil)
	victim.ends()
	again, _ := w.mustDial(plain(), a.credential("a_b", r))
	w.mustDial(plain(), a.credential("b", ra))
	w.Must("DELETE", a.path("/rooms/%s/users/b", gate.RoomText(ra)), nil)
	eventually(t, patience, "one user in the rooms", func() bool { return a.usersIn() == 1 })
	again.answered()
	if users := w.Must("GET", a.path("/rooms/%s/users", gate.RoomText(r)), nil)["users"].([]any); len(users) != 1 {
		t.Errorf("the users are %v", users)
	}
}

// TestRoomsCountEverybody: the list of rooms counts whom the list of users has, also those
// whose media has not come, and on whatever node they are.
func TestRoomsCountEverybody(t *testing.T) {
	n := openNodes(t)
	a := n.app(nil)
	n.host(a, lobby, n.a)
	n.host(a, usersig.Room{ID: 7}, n.b)
	n.a.mustDial(plain(), a.credential("alice", lobby))
	n.b.mustJoin(a.credential("bob", lobby))
	n.a.mustDial(plain(), a.credential("carol", usersig.Room{ID: 7}))
	for _, w := range []*world{n.a, n.b} {
		at := a.at(w)
		for room, want := range map[string]int{"n100": 2, "n7": 1} {
			if users := w.Must("GET", at.path("/rooms/%s/users", room), nil)["users"].([]any); len(users) != want {
				t.Errorf("the users of %s are %v", room, users)
			}
		}
		if users := at.usersIn(); users != 3 {
			t.Errorf("the rooms have %d users", users)
		}
	}
}
