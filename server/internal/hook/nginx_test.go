package hook

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
)

func TestNginx(t *testing.T) {
	run(t, func(w *world) {
		alice, bob, room := w.stream("alice"), w.stream("bob"), w.room
		good := query("UserSig", w.sig("alice"))
		short := query("UserSig", w.issue(w.app, issuer.Wish{UserID: "alice", TTL: time.Second}))
		with := func(ticket string) string { return good + "&" + query("PrivateMapKey", ticket) }
		time.Sleep(2*time.Second + usersig.DefaultLeeway)
		for i, test := range []struct {
			name, call, stream, args string
			status                   int
			reason                   string
		}{
			{"publish", "publish", alice, good, 204, ""},
			{"play one's own", "play", alice, good, 204, ""},
			{"play another's", "play", alice, query("UserID", "bob", "UserSig", w.sig("bob")), 204, ""},
			{"an application that is said as well", "publish", alice, good + fmt.Sprintf("&SDKAppID=%d", w.app), 204, ""},
			{"a ticket for all", "publish", alice, with(w.ticket("alice", room, usersig.AllPrivileges)), 204, ""},
			{"update of what was not known", "update_publish", alice, good, 204, ""},
			{"done of what was not known", "done", alice, "", 204, ""},

			{"nothing shown", "publish", alice, "", 401, "empty"},
			{"forged", "publish", alice, query("UserSig", w.forge("alice")), 401, "signature"},
			{"half of one", "publish", alice, query("UserSig", w.sig("alice")[:40]), 401, "malformed"},
			{"expired", "publish", alice, short, 401, "expired"},
			{"publish another's", "publish", alice, query("UserID", "bob", "UserSig", w.sig("bob")), 401, "user_mismatch"},
			{"publish another's in their name", "publish", alice, query("UserSig", w.sig("bob")), 401, "user_mismatch"},
			{"play in another's name", "play", alice, query("UserID", "bob", "UserSig", w.sig("alice")), 401, "user_mismatch"},
			{"another application's token", "publish", alice, query("UserSig", w.issue(w.other, issuer.Wish{UserID: "alice"})), 401, "app_mismatch"},
			{"another application's stream", "play", Stream{w.other, "bob", room}.String(), query("UserID", "alice", "UserSig", w.sig("alice")), 401, "app_mismatch"},
			{"another application said", "publish", alice, good + fmt.Sprintf("&SDKAppID=%d", w.other), 401, "app_mismatch"},
			{"two UserSigs", "publish", alice, good + "&" + good, 401, "malformed"},
			{"another room's ticket", "publish", alice, with(w.ticket("alice", usersig.Room{ID: 124}, usersig.AllPrivileges)), 403, "no_grant"},
			{"the room of that name's ticket", "publish", alice, with(w.ticket("alice", usersig.Room{Name: "123"}, usersig.AllPrivileges)), 403, "no_grant"},
			{"audience publishes", "publish", alice, with(w.ticket("alice", room, usersig.Audience)), 403, "no_right_send_video"},
			{"no right to send sound", "publish", alice, with(w.ticket("alice", room, usersig.AllPrivileges&^usersig.SendAudio)), 403, "no_grant"},
			{"audience plays", "play", bob, query("UserID", "alice") + "&" + with(w.ticket("alice", room, usersig.Audience)), 204, ""},
			{"no right to receive", "play", bob, query("UserID", "alice") + "&" + with(w.ticket("alice", room, usersig.JoinRoom|usersig.SendVideo)), 403, "no_right_receive_video"},
			{"no stream's name", "publish", "camera", good, 401, "malformed"},
			{"a name with a token in it", "publish", alice + ".x", good, 401, "malformed"},

			{"a name said again", "publish", bob, query("name", alice) + "&" + good, 400, ""},
			{"an address said again", "publish", alice, good + "&addr=127.0.0.1", 400, ""},
			{"a call said again", "publish", alice, good + "&call=done", 400, ""},
			{"a number said again", "publish", alice, good + "&%63lientid=2", 400, ""},
			{"half an escape", "publish", alice, good + "&x=%", 400, ""},
			{"update of neither", "update", alice, good, 400, ""},
			{"connect", "connect", alice, good, 400, ""},
		} {
			w.t.Log(test.name)
			w.want(w.nginxOn(fmt.Sprint(i), test.call, test.stream, test.args), test.status, test.reason)
		}
	})
}

func TestNginxRefusesTheRevoked(t *testing.T) {
	run(t, func(w *world) {
		args := query("UserSig", w.sig("alice"))
		w.want(w.nginx("publish", w.stream("alice"), args), 204, "")
		w.want(w.nginxOn("2", "play", w.stream("alice"), args), 204, "")
		w.want(w.nginx("update_publish", w.stream("alice"), args), 204, "")
		w.revoke("alice")
		moment()
		w.want(w.nginx("update_publish", w.stream("alice"), args), 401, "revoked")
		w.want(w.nginxOn("2", "update_play", w.stream("alice"), args), 401, "revoked")
		w.want(w.nginx("update_publish", w.stream("alice"), args), 401, "revoked")
		w.want(w.nginxOn("3", "publish", w.stream("alice"), args), 401, "revoked")
	})
}

func TestNginxEndsAtExpiry(t *testing.T) {
	for _, stay := range []bool{false, true} {
		runWith(t, gate.Options{StayAtExpiry: stay}, Options{}, func(w *world) {
			args := query("UserSig", w.issue(w.app, issuer.Wish{UserID: "alice", TTL: 5 * time.Second}))
			w.want(w.nginx("publish", w.stream("alice"), args), 204, "")
			for range 7 {
				time.Sleep(10 * time.Second)
				if reply := w.nginx("update_publish", w.stream("alice"), args); stay {
					w.want(reply, 204, "")
				}
			}
			if !stay {
				w.want(w.nginx("update_publish", w.stream("alice"), args), 401, "expired")
			}
		})
	}
}

// A connection that publishes and then asks for something else would be asked about that
// only: somebody revoked could go on with the help of somebody who is not.
func TestNginxOneStreamForAConnection(t *testing.T) {
	run(t, func(w *world) {
		alice, bob := query("UserSig", w.sig("alice")), query("UserSig", w.sig("bob"))
		w.want(w.nginx("publish", w.stream("alice"), alice), 204, "")
		w.want(w.nginx("publish", w.stream("bob"), bob), 403, "")
		w.want(w.nginx("play", w.stream("bob"), bob), 403, "")
		w.want(w.nginx("play", w.stream("alice"), alice), 403, "")
		w.want(w.nginx("update_publish", w.stream("bob"), bob), 403, "")
		w.want(w.nginx("publish", w.stream("alice"), alice), 204, "")
		w.want(w.nginx("done", w.stream("alice"), ""), 204, "")
		w.want(w.nginx("publish", w.stream("bob"), bob), 204, "")
	})
}

func TestNginxCountsConnections(t *testing.T) {
	runWith(t, gate.Options{Limits: gate.Limits{PerUser: 2}}, Options{}, func(w *world) {
		args := query("UserSig", w.sig("alice"))
		play := func(id string, status int) {
			w.t.Helper()
			w.want(w.nginxOn(id, "play", w.stream("alice"), args), status, "")
		}
		play("1", 204)
		play("2", 204)
		play("3", 429)
		play("2", 204)
		w.want(w.nginxOn("1", "done", w.stream("alice"), args), 204, "")
		play("3", 204)
		play("4", 429)
		// An nginx that was killed says nothing of 2 and 3, and goes on asking about others.
		for range 6 {
			time.Sleep(30 * time.Second)
			w.want(w.nginxOn("3", "update_play", w.stream("alice"), args), 204, "")
		}
		play("4", 204)
		play("5", 429)
	})
}

// Neither others who fail in a user's name nor a store that is gone end a stream.
func TestNginxStreamsGoOn(t *testing.T) {
	run(t, func(w *world) {
		args := query("UserSig", w.sig("alice"))
		w.want(w.nginx("publish", w.stream("alice"), args), 204, "")
		for range 10 {
			w.want(w.nginxOn("2", "publish", w.stream("alice"), query("UserSig", "bad")), 401, "malformed")
		}
		w.want(w.nginxOn("2", "publish", w.stream("alice"), args), 429, "too_many_failures")
		w.want(w.nginx("update_publish", w.stream("alice"), args), 204, "")
		w.storeGone(fmt.Errorf("%w: gone", issuer.ErrUnavailable))
		for range 5 {
			time.Sleep(20 * time.Second)
			w.want(w.nginx("update_publish", w.stream("alice"), args), 204, "")
		}
		w.want(w.nginxOn("2", "publish", w.stream("alice"), args), 503, "")
		w.storeGone(nil)
	})
}

// A client that begins without credentials, as many do, must not lock its user out.
func TestNothingShownIsNoFailure(t *testing.T) {
	run(t, func(w *world) {
		for range 20 {
			w.want(w.nginx("publish", w.stream("alice"), ""), 401, "empty")
		}
		w.want(w.nginx("publish", w.stream("alice"), query("UserSig", w.sig("alice"))), 204, "")
	})
}

func TestNginxCut(t *testing.T) {
	run(t, func(w *world) {
		args := query("UserSig", w.sig("alice")+strings.Repeat("*", 100))
		w.want(w.nginx("publish", w.stream("alice"), args[:mostName-len(w.stream("alice"))-1]), 401, "malformed")
		if !strings.Contains(w.logs.String(), "nginx-rtmp has cut") {
			w.t.Errorf("the log does not say that the arguments were cut:\n%s", &w.logs)
		}
		w.want(w.nginx("publish", w.stream("alice"), query("UserSig", w.sig("alice"))), 204, "")
	})
}

func FuzzNginx(f *testing.F) {
	f.Add(nginxBody("1", "publish", "1400000001.YWxpY2U.n123", "UserSig=eJw-"))
	f.Add(nginxBody("1", "update_play", "1400000001.YWxpY2U.s5byg", "UserSig=a&name=b"))
	f.Add("call=publish&name=&addr=::1&clientid=%31")
	f.Add("call=done;name=x")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseNginx(text)
		if err != nil {
			if c.words != nil || c.call != "" {
				t.Errorf("parseNginx(%q) gave %+v with the error %v", text, c, err)
			}
			return
		}
		for _, name := range []string{"call", "name", "clientid", "addr"} {
			if len(c.words[name]) != 1 {
				t.Errorf("parseNginx(%q) took %d of %s", text, len(c.words[name]), name)
			}
		}
		ask(t, &question{verb: send, stream: c.name, words: c.words, source: c.source})
	})
}

// ask checks what holds for whatever a client shows.
func ask(t *testing.T, q *question) {
	t.Helper()
	if q.source != q.source.Unmap() || q.source == (netip.Addr{}) {
		t.Errorf("the source is %v", q.source)
	}
	c, err := q.credential()
	if err != nil {
		if _, ok := errors.AsType[*usersig.Refusal](err); !ok {
			t.Errorf("the error is %v, want a refusal", err)
		}
		return
	}
	if (Stream{c.App, c.UserID, c.Room}).String() != q.stream && q.verb == send {
		t.Errorf("the credential is %+v, for the stream %q", c.LogValue(), q.stream)
	}
	if s, err := ParseStream(q.stream); err != nil || s.App != c.App || s.Room != c.Room {
		t.Errorf("the credential is %+v, for the stream %q", c.LogValue(), q.stream)
	}
}
