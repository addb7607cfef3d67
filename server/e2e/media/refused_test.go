package media_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"usersig"
	"usersig/server/internal/gate"
)

var lobby = usersig.Room{ID: 100}

// refused fails the test unless a credential is refused with a code, in the SDK's own
// error and by check.
func (w *world) refused(c gate.Credential, code int) {
	w.T.Helper()
	want := "usersig " + strconv.Itoa(code) + " ("
	if p, err := w.join(c); err == nil {
		p.room.Disconnect()
		w.T.Errorf("let in, not refused with %d", code)
	} else if !strings.Contains(err.Error(), want) {
		w.T.Errorf("refused with %v, not %d", err, code)
	}
	if status, body := w.send("/rtc/check", c); status < 400 || !strings.Contains(body, `"code":`+strconv.Itoa(code)+",") {
		w.T.Errorf("check says %d %s, not %d", status, body, code)
	}
}

func (a *app) keyID() string {
	a.w.T.Helper()
	keys := a.w.Must("GET", a.path("/keys"), nil)["keys"].([]any)
	return keys[0].(object)["key_id"].(string)
}

// TestRefused: each refusal reaches the user of an SDK that knows nothing of UserSigs.
func TestRefused(t *testing.T) {
	w := open(t, nil)
	a, other := w.app(nil), w.app(nil)
	good := a.credential("alice", lobby)
	for _, one := range []struct {
		name   string
		change func(c *gate.Credential)
		code   int
	}{
		{"no UserSig", func(c *gate.Credential) { c.UserSig = "" }, 70002},
		{"half a UserSig", func(c *gate.Credential) { c.UserSig = c.UserSig[:len(c.UserSig)/2] }, 70003},
		{"another application's UserSig", func(c *gate.Credential) { c.UserSig = other.sig("alice", 0) }, 70014},
		{"another application's number", func(c *gate.Credential) { c.App = other.id }, 70014},
		{"no application", func(c *gate.Credential) { c.App = 1 }, 70020},
		{"somebody else's UserSig", func(c *gate.Credential) { c.UserID = "bob" }, 70013},
		{"a changed UserSig", func(c *gate.Credential) { c.UserSig = forged(t, *c) }, 70009},
		{"a PrivateMapKey for a UserSig", func(c *gate.Credential) { c.UserSig = a.ticket("alice", lobby, 255) }, 70009},
		{"a UserSig for a PrivateMapKey", func(c *gate.Credential) { c.PrivateMapKey = a.sig("alice", 0) }, -100006},
		{"a PrivateMapKey for another room", func(c *gate.Credential) { c.PrivateMapKey = a.ticket("alice", usersig.Room{ID: 101}, 255) }, -100006},
		{"a PrivateMapKey for a room's name", func(c *gate.Credential) { c.PrivateMapKey = a.ticket("alice", usersig.Room{Name: "100"}, 255) }, -100006},
		{"a PrivateMapKey for somebody else", func(c *gate.Credential) { c.PrivateMapKey = a.ticket("bob", lobby, 255) }, 70013},
		{"no right to enter", func(c *gate.Credential) { c.PrivateMapKey = a.ticket("alice", lobby, 255&^usersig.JoinRoom) }, -102011},
		{"no right to create", func(c *gate.Credential) { c.PrivateMapKey = a.ticket("alice", lobby, usersig.Audience) }, -102010},
	} {
		t.Run(one.name, func(t *testing.T) {
			c := good
			one.change(&c)
			w := w.in(t)
			w.Pass(2 * time.Minute) // or it would be too many failures
			w.refused(c, one.code)
		})
	}
	text := w.Log.String()
	if !strings.Contains(text, `msg="user refused" credential.sdkappid=`) || !strings.Contains(text, "credential.user=bob") || strings.Contains(text, good.UserSig) {
		t.Error("the log does not say who was refused, or has a credential")
	}
	w.Pass(2 * time.Minute)
	w.mustJoin(good)
	for range 5 { // each is two to the server
		_, _ = w.join(gate.Credential{App: a.id, UserID: "alice", Room: lobby, UserSig: forged(t, good)})
	}
	w.refused(good, 70050)
}

// forged returns a UserSig that somebody made who does not have the key.
func forged(t *testing.T, c gate.Credential) string {
	t.Helper()
	secret, err := usersig.GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	s, err := usersig.NewSigner(c.App, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Sign(usersig.Claims{UserID: c.UserID, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestTicketRequired: an application can require a PrivateMapKey.
func TestTicketRequired(t *testing.T) {
	w := open(t, nil)
	a := w.app(object{"require_privatemapkey": true})
	c := a.credential("alice", lobby)
	w.refused(c, -100006)
	c.PrivateMapKey = a.ticket("alice", lobby, usersig.AllPrivileges)
	w.mustJoin(c)
}

// TestAudience: the documented value 42 enters a room that is there, hears and sees, and
// gets no screen, not even by asking for it.
func TestAudience(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	host, full := w.mustJoin(a.credential("host", lobby)), w.mustJoin(a.credential("full", lobby))
	early := a.credential("early", lobby)
	early.PrivateMapKey = a.ticket("early", lobby, 42)
	before := w.mustJoin(early)
	sources := []livekit.TrackSource{livekit.TrackSource_SCREEN_SHARE, livekit.TrackSource_SCREEN_SHARE_AUDIO, livekit.TrackSource_MICROPHONE, livekit.TrackSource_CAMERA}
	for _, s := range sources {
		if err := host.send(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range sources {
		full.hears(s)
	}
	var silent sync.WaitGroup
	defer silent.Wait()
	late := a.credential("late", lobby)
	late.PrivateMapKey = a.ticket("late", lobby, 42)
	for name, p := range map[string]*party{"who was there before": before, "who comes later": w.mustJoin(late)} {
		p.hears(livekit.TrackSource_MICROPHONE)
		p.hears(livekit.TrackSource_CAMERA)
		// Requests are answered in order: when the camera is back, the screen was refused.
		p.subscribe(livekit.TrackSource_SCREEN_SHARE, true)
		p.subscribe(livekit.TrackSource_SCREEN_SHARE_AUDIO, true)
		p.again(livekit.TrackSource_CAMERA)
		if p.hasHeard(livekit.TrackSource_SCREEN_SHARE) || p.hasHeard(livekit.TrackSource_SCREEN_SHARE_AUDIO) {
			t.Errorf("%s received the screen", name)
		}
		silent.Go(func() { // the SDK waits ten seconds for a yes
			if err := p.send(livekit.TrackSource_MICROPHONE); err == nil {
				t.Errorf("%s speaks", name)
			}
		})
	}
}

// TestRoomsApart: rooms of two applications never meet, and neither do a number and a
// name.
func TestRoomsApart(t *testing.T) {
	w := open(t, nil)
	a, b := w.app(nil), w.app(nil)
	number, name := usersig.Room{ID: 123}, usersig.Room{Name: "123"}
	alice := w.mustJoin(a.credential("alice", number))
	for _, c := range []gate.Credential{a.credential("bob", name), b.credential("bob", number), b.credential("alice", number), a.credential("carol", usersig.Room{ID: 124})} {
		w.mustJoin(c)
	}
	w.mustJoin(a.credential("dave", number))
	// Who is there is known at the latest when somebody was heard.
	if got := len(alice.room.GetRemoteParticipants()); got > 1 {
		t.Errorf("alice sees %d others", got)
	}
}
