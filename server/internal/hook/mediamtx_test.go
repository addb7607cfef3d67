package hook

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
)

type fields = map[string]any

func TestMediaMTX(t *testing.T) {
	run(t, func(w *world) {
		sig := w.sig("alice")
		shown := query("UserSig", sig)
		bearer := func(user string, room usersig.Room, sig string) string {
			return gate.Credential{App: w.app, UserID: user, Room: room, UserSig: sig}.String()
		}
		short := w.issue(w.app, issuer.Wish{UserID: "alice", TTL: time.Second})
		time.Sleep(2*time.Second + usersig.DefaultLeeway)
		for _, test := range []struct {
			name   string
			fields fields
			status int
			reason string
		}{
			{"RTMP", fields{"query": shown}, 204, ""},
			{"in a folder", fields{"query": shown, "path": "live/" + w.stream("alice")}, 204, ""},
			{"WHIP", fields{"token": bearer("alice", w.room, sig), "protocol": "webrtc"}, 204, ""},
			{"WHEP", fields{"token": bearer("bob", w.room, w.sig("bob")), "protocol": "webrtc", "action": "read"}, 204, ""},
			{"HLS has no ID", fields{"query": shown, "protocol": "hls", "action": "read", "id": nil}, 204, ""},
			{"playback has no protocol", fields{"query": shown, "protocol": "", "action": "playback", "id": nil}, 204, ""},
			{"with a ticket", fields{"query": shown + "&" + query("PrivateMapKey", w.ticket("alice", w.room, usersig.AllPrivileges))}, 204, ""},

			{"nothing shown", fields{}, 401, "empty"},
			{"forged", fields{"query": query("UserSig", w.forge("alice"))}, 401, "signature"},
			{"expired", fields{"query": query("UserSig", short)}, 401, "expired"},
			{"a token that is none", fields{"token": "Bearer"}, 401, "malformed"},
			{"a token for another room", fields{"token": bearer("alice", usersig.Room{ID: 124}, sig)}, 403, "no_right_enter"},
			{"a token for the room of that name", fields{"token": bearer("alice", usersig.Room{Name: "123"}, sig)}, 403, "no_right_enter"},
			{"another's token", fields{"token": bearer("bob", w.room, w.sig("bob"))}, 401, "user_mismatch"},
			{"another application's token", fields{"token": gate.Credential{
				App: w.other, UserID: "alice", Room: w.room, UserSig: w.issue(w.other, issuer.Wish{UserID: "alice"}),
			}.String()}, 401, "app_mismatch"},
			{"two credentials", fields{"token": bearer("alice", w.room, sig), "query": shown}, 401, "malformed"},
			{"audience publishes", fields{"query": shown + "&" + query("PrivateMapKey", w.ticket("alice", w.room, usersig.Audience))}, 403, "no_right_send_video"},
			{"the API", fields{"query": shown, "action": "api"}, 403, ""},
			{"metrics", fields{"query": shown, "action": "metrics"}, 403, ""},
			{"no action", fields{"query": shown, "action": ""}, 403, ""},
			{"no path", fields{"query": shown, "path": ""}, 401, "malformed"},
			{"half an escape", fields{"query": "%"}, 400, ""},
			{"no address", fields{"query": shown, "ip": ""}, 400, ""},
			{"an ID that is a path", fields{"query": shown, "id": "../../config/global"}, 400, ""},
			{"an ID that is a number", fields{"query": shown, "id": 1}, 400, ""},
		} {
			w.t.Log(test.name)
			w.want(w.mediamtx(test.fields), test.status, test.reason)
		}
		w.want(w.post("/hooks/mediamtx", "call=publish"), 400, "")
	})
}

// withAPI are options for a handler that can end streams on the fake MediaMTX.
var withAPI = Options{MediaMTX: "http://127.0.0.1:9997"}

func TestMediaMTXEndsStreams(t *testing.T) {
	runWith(t, gate.Options{}, withAPI, func(w *world) {
		shown := query("UserSig", w.sig("alice"))
		w.mtx.set(func() { w.mtx.conns[someID] = true })
		w.want(w.mediamtx(fields{"query": shown}), 204, "")
		moment()
		if got := w.mtx.log(); got != "" {
			w.t.Errorf("ended before time: %s", got)
		}
		w.mtx.set(func() { w.mtx.down = true })
		w.revoke("alice")
		moment()
		w.want(w.mediamtx(fields{"query": shown}), 401, "revoked")
		w.mtx.set(func() { w.mtx.down = false })
		time.Sleep(5 * time.Second)
		if got := w.mtx.log(); got != "rtmpconn "+someID {
			w.t.Errorf("ended: %q, want the connection", got)
		}
		if n := len(w.hooks.table.all()); n != 0 {
			w.t.Errorf("%d are still watched", n)
		}
	})
}

// A connection of RTSP has its session a moment after it was let in.
func TestMediaMTXEndsRTSP(t *testing.T) {
	runWith(t, gate.Options{}, withAPI, func(w *world) {
		w.mtx.set(func() { w.mtx.rtsp, w.mtx.conns[someID] = true, false })
		w.want(w.mediamtx(fields{"query": query("UserSig", w.sig("alice")), "protocol": "rtsp"}), 204, "")
		w.revoke("alice")
		moment()
		w.mtx.set(func() { w.mtx.conns[someID] = true })
		moment()
		moment()
		if got := w.mtx.log(); got != "rtspsession "+someID {
			w.t.Errorf("ended: %q, want the session", got)
		}
	})
}

// Rights that are taken away in mid-call end what needs them: an engine cannot take a
// part of a stream away.
func TestMediaMTXEndsWhatLostItsRights(t *testing.T) {
	runWith(t, gate.Options{}, withAPI, func(w *world) {
		sig := w.sig("alice")
		w.mtx.set(func() { w.mtx.conns[someID] = true })
		w.want(w.mediamtx(fields{"query": query("UserSig", sig)}), 204, "")
		p, err := w.gate.Enter(w.t.Context(), gate.Credential{
			App: w.app, UserID: "alice", Room: w.room, UserSig: sig, PrivateMapKey: w.ticket("alice", w.room, usersig.Audience),
		}, netip.MustParseAddr("192.0.2.9"))
		w.ok(err)
		if n := w.gate.Renew(p); n != 1 {
			w.t.Fatalf("%d sessions were renewed, want 1", n)
		}
		moment()
		if got := w.mtx.log(); got != "rtmpconn "+someID {
			w.t.Errorf("ended: %q, want the connection", got)
		}
	})
}

// MediaMTX does not say when a stream is over.
func TestMediaMTXForgetsWhatIsOver(t *testing.T) {
	runWith(t, gate.Options{Limits: gate.Limits{PerUser: 1}}, withAPI, func(w *world) {
		shown, second := query("UserSig", w.sig("alice")), strings.Replace(someID, "0f", "1f", 1)
		w.mtx.set(func() { w.mtx.conns[someID], w.mtx.conns[second] = true, true })
		w.want(w.mediamtx(fields{"query": shown}), 204, "")
		w.want(w.mediamtx(fields{"query": shown, "id": second}), 429, "")
		w.mtx.set(func() { w.mtx.misses = true })
		w.want(w.mediamtx(fields{"query": shown, "id": second}), 429, "")
		w.mtx.set(func() { delete(w.mtx.conns, someID) })
		w.want(w.mediamtx(fields{"query": shown, "id": second}), 204, "")
		w.mtx.set(func() { w.mtx.down = true })
		w.want(w.mediamtx(fields{"query": shown}), 429, "")
		if n := len(w.hooks.table.all()); n != 1 {
			w.t.Errorf("%d are watched, want 1: what cannot be asked is not over", n)
		}
	})
}

func TestMediaMTXRefusesWhatItCannotEnd(t *testing.T) {
	runWith(t, gate.Options{}, withAPI, func(w *world) {
		w.want(w.mediamtx(fields{"query": query("UserSig", w.sig("alice")), "protocol": "moq"}), 403, "")
	})
}

func FuzzMediaMTX(f *testing.F) {
	f.Add([]byte(`{"ip":"::1","action":"publish","path":"live/1400000001.YWxpY2U.n123","protocol":"rtmp","id":"`+someID+`","query":"UserSig=eJw-"}`), true)
	f.Add([]byte(`{"ip":"::ffff:1.2.3.4","action":"read","path":"1.YQ.n1","token":"us1.1.Yg.n1.x","id":null}`), false)
	f.Add([]byte(`{"IP":"1.2.3.4","ip":"::1%eth0","query":"a=%"}`), false)
	f.Fuzz(func(t *testing.T, text []byte, sends bool) {
		c, err := parseMediaMTX(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(c.ID, "/.?%") {
			t.Errorf("parseMediaMTX(%q) took the ID %q", text, c.ID)
		}
		// What was understood is understood again.
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := parseMediaMTX(bytes.Clone(again)); err != nil || d.Path != c.Path || d.source != c.source {
			t.Errorf("parseMediaMTX(%q) = %+v, %v", again, d, err)
		}
		v := receive
		if sends {
			v = send
		}
		ask(t, &question{verb: v, stream: c.Path, words: c.words, token: c.Token, source: c.source})
	})
}
