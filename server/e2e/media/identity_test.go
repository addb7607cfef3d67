package media_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/livekit/protocol/livekit"

	"usersig"
	"usersig/server/internal/config"
	"usersig/server/internal/gate"
)

// TestNoOtherName: whatever a client adds to its request, it is who its credential says,
// where it says, with the rights that it says.
func TestNoOtherName(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	sid := c.alice.room.LocalParticipant.SID()
	mallory := a.credential("mallory", usersig.Room{ID: 7})
	mallory.PrivateMapKey = a.ticket("mallory", usersig.Room{ID: 7}, usersig.AllPrivileges&^usersig.SendScreen)
	name := gate.RoomName(a.id, mallory.Room)
	attributes := base64.URLEncoding.EncodeToString([]byte(`{"usersig.allow":"255"}`))
	for _, extra := range []url.Values{
		{}, {"identity": {"alice"}}, {"room": {gate.RoomName(a.id, lobby)}}, {"roomName": {gate.RoomName(a.id, lobby)}}, {"name": {"alice"}},
		{"publish": {"alice"}}, {"metadata": {"admin"}}, {"hidden": {"1"}}, {"recorder": {"1"}}, {"sid": {sid}}, {"participant_sid": {sid}},
		{"access_token[]": {"x"}}, {"kind": {"agent"}}, {"auto_subscribe": {"1"}}, {"permission": {"admin"}}, {"grants": {"{}"}},
	} {
		q := plain()
		for k, v := range extra {
			q[k] = v
		}
		_, join := w.mustDial(q, mallory)
		p := join.GetParticipant()
		if p.GetIdentity() != "mallory" || join.GetRoom().GetName() != name || p.GetMetadata() != "" || fmt.Sprint(p.GetAttributes()) != "map[usersig.allow:191]" || p.GetSid() == sid || p.GetPermission().GetHidden() || p.GetKind() != livekit.ParticipantInfo_STANDARD {
			t.Errorf("%v makes %v in %q", extra, p, join.GetRoom().GetName())
		}
		if len(join.GetOtherParticipants()) > 0 || len(p.GetPermission().GetCanPublishSources()) != 2 || p.GetPermission().GetCanUpdateMetadata() {
			t.Errorf("%v gives more than the ticket: %v", extra, p.GetPermission())
		}
	}
	for name, one := range map[string]struct {
		path string
		q    url.Values
	}{
		"attributes":      {"/rtc", url.Values{"attributes": {attributes}}},
		"metadata, v1":    {"/rtc/v1", joinRequest(t, &livekit.JoinRequest{Metadata: "admin"})},
		"attributes, v1":  {"/rtc/v1", joinRequest(t, &livekit.JoinRequest{ParticipantAttributes: map[string]string{"usersig.allow": "255"}})},
		"no protobuf":     {"/rtc/v1", url.Values{"join_request": {"AAAA"}}},
		"no join request": {"/rtc/v1", url.Values{}},
	} {
		if x, resp, err := w.dial(one.path, one.q, mallory); err == nil {
			t.Errorf("%s: let in: %v", name, x.read())
		} else if resp == nil || resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.undisturbed(t)
}

// TestNoOtherSession: with somebody else's session ID nobody comes into that session, nor
// into its room: neither who is elsewhere, nor who is in the same room.
func TestNoOtherSession(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	sid := c.alice.room.LocalParticipant.SID()
	resume := plain()
	resume.Set("reconnect", "1")
	resume.Set("sid", sid)
	v1 := joinRequest(t, &livekit.JoinRequest{Reconnect: true, ParticipantSid: sid})
	for path, q := range map[string]url.Values{"/rtc": resume, "/rtc/v1": v1} {
		for _, room := range []usersig.Room{{ID: 7}, lobby} {
			x, _, err := w.dial(path, q, a.credential("mallory", room))
			if err != nil {
				continue // it is refused, or told to begin anew
			}
			if r := x.read(); r.GetLeave() == nil {
				t.Errorf("resuming %s as somebody else in room %v at %s: %v", sid, room, path, r)
			}
		}
		// And a ticket for one room does not open another one this way.
		other := a.credential("mallory", lobby)
		other.PrivateMapKey = a.ticket("mallory", usersig.Room{ID: 7}, usersig.AllPrivileges)
		if _, resp, err := w.dial(path, q, other); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("resuming with a ticket for another room: %v %v", resp, err)
		}
	}
	c.undisturbed(t)
	// Who is in the room and gives somebody else's ID comes back to their own session.
	own := a.credential("trent", lobby)
	_, join := w.mustDial(plain(), own)
	x, _, err := w.dial("/rtc", resume, own)
	if err != nil {
		t.Fatal(err)
	}
	switch r := x.read(); {
	case r.GetReconnect() != nil:
		x.answered()
	case r.GetLeave() == nil: // which begins anew, if they were not quite in yet
		t.Errorf("resuming as trent with alice's ID: %v", r)
	}
	for _, o := range c.bob.room.GetRemoteParticipants() {
		if o.Identity() == "alice" && o.SID() != sid || o.Identity() == "trent" && o.SID() != join.GetParticipant().GetSid() {
			t.Errorf("%s is %s now", o.Identity(), o.SID())
		}
	}
	for _, p := range []*talker{c.alice, c.bob} {
		for _, news := range p.noticed() {
			if news != "trent is there" {
				t.Errorf("noticed: %s", news)
			}
		}
	}
	c.undisturbed(t)
}

// TestResumeEarly: who comes back to a session that is only beginning gets no connection
// that nobody watches: what LiveKit itself would say to the client has servers of others
// in it.
//
// The server is a process of its own. LiveKit has a data race in what it logs of a
// connection that ends while something is sent, which the race detector would find here.
func TestResumeEarly(t *testing.T) {
	n := newNodes(t)
	n.openProcess()
	w := n.a
	a := w.app(nil)
	c := w.talk(a, lobby)
	eve := a.credential("eve", lobby)
	eve.PrivateMapKey = a.ticket("eve", lobby, 42)
	resume := plain()
	resume.Set("reconnect", "1")
	var resumed, anew atomic.Int64
	for range 25 {
		var all sync.WaitGroup
		enter := func(q url.Values) {
			x, _, err := w.dial("/rtc", q, eve)
			if err != nil {
				return // it is refused, or put out by the next one
			}
			r, err := x.next()
			switch {
			case err != nil:
			case r.GetReconnect() != nil:
				resumed.Add(1)
				if servers := r.GetReconnect().GetIceServers(); len(servers) > 0 {
					t.Errorf("the server names %v", servers)
				}
			case r.GetLeave() != nil:
				anew.Add(1)
			}
			_ = x.ws.Close()
		}
		for i := range 8 {
			all.Go(func() {
				if i == 2 {
					enter(plain())
				} else {
					enter(resume)
				}
			})
		}
		all.Wait()
	}
	t.Logf("%d came back, %d were told to begin anew", resumed.Load(), anew.Load())
	c.onlyNoticed("eve is ")
	c.undisturbed(t)
}

// TestPerUser: a user has so many connections and no more; others are not concerned.
func TestPerUser(t *testing.T) {
	const most = 4
	w := open(t, func(cfg *config.Config) { cfg.Media.PerUser = most })
	a := w.app(nil)
	c := w.talk(a, lobby)
	var open []*wire
	for i := range most {
		x, _ := w.mustDial(plain(), a.credential("mallory", usersig.Room{ID: uint32(200 + i)}))
		open = append(open, x)
	}
	one := a.credential("mallory", usersig.Room{ID: 300})
	if status, body := w.knock("GET", "/rtc", func(r *http.Request) { places["header"](r, one.String()) }); status != http.StatusTooManyRequests || !strings.Contains(body, "usersig") {
		t.Errorf("one too many: %d %q", status, body)
	}
	w.mustDial(plain(), a.credential("trent", usersig.Room{ID: 300}))
	_ = open[0].ws.Close()
	eventually(t, patience, "room for another connection", func() bool {
		_, _, err := w.dial("/rtc", plain(), one)
		return err == nil
	})
	c.undisturbed(t)
}
