package usersig_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"usersig"
)

func TestPrivilegeNames(t *testing.T) {
	for p, want := range map[usersig.Privilege]string{
		0: "none", usersig.AllPrivileges: "all", usersig.CreateRoom: "create", usersig.JoinRoom: "join", usersig.SendAudio: "send-audio",
		usersig.ReceiveAudio: "receive-audio", usersig.SendVideo: "send-video", usersig.ReceiveVideo: "receive-video",
		usersig.SendScreen: "send-screen", usersig.ReceiveScreen: "receive-screen",
		usersig.Audience: "join,receive-audio,receive-video", 0x300: "768", usersig.JoinRoom | 0x100: "join,256",
	} {
		if got := p.String(); got != want {
			t.Errorf("%d: %q, want %q", uint32(p), got, want)
		}
	}
	if usersig.Audience != 42 || usersig.AllPrivileges != 255 || usersig.ReceiveScreen != 128 {
		t.Error("the bits are not TRTC's")
	}
}

func TestParsePrivilege(t *testing.T) {
	for s, want := range map[string]usersig.Privilege{
		"all": 255, "none": 0, "audience": 42, "42": 42, "0": 0, "255": 255, "join": 2, "create,join": 3, " join , send-audio ": 6,
		"audience,send-audio": 46, "1,2": 3, "none,join": 2, "007": 7,
	} {
		if got, err := usersig.ParsePrivilege(s); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", ",", "join,", "256", "-1", "0x7", "1e1", "Join", "speak", "+1", strings.Repeat("x", 1<<16)} {
		if got, err := usersig.ParsePrivilege(s); got != 0 || !errors.Is(err, usersig.ErrInvalidClaims) || len(err.Error()) > 300 {
			t.Errorf("%.20q: %v, %v", s, got, err)
		}
	}
	for p := range usersig.AllPrivileges + 1 {
		if got, err := usersig.ParsePrivilege(p.String()); err != nil || got != p {
			t.Errorf("%v: %v, %v", p, got, err)
		}
	}
}

func TestHas(t *testing.T) {
	for _, c := range []struct {
		p, q usersig.Privilege
		want bool
	}{
		{255, 42, true}, {42, 42, true}, {42, 2, true}, {2, 42, false}, {0, 0, false}, {0, 1, false}, {1, 0, true}, {42, 64, false},
	} {
		if got := c.p.Has(c.q); got != c.want {
			t.Errorf("%v.Has(%v) = %t", c.p, c.q, got)
		}
	}
}

func TestRoomNames(t *testing.T) {
	for r, want := range map[usersig.Room]string{
		{ID: 123}: "#123", {Name: "123"}: `"123"`, {}: "#0", {Name: "a\"b\n"}: `"a\"b\n"`, {ID: 7, Name: "x"}: `"x"`,
	} {
		if got := r.String(); got != want {
			t.Errorf("%+v: %s, want %s", r.Name, got, want)
		}
	}
	text, err := json.Marshal([]usersig.Room{{ID: 1}, {Name: "x"}})
	if err != nil || string(text) != `[{"id":1},{"name":"x"}]` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestPermits(t *testing.T) {
	g := usersig.Grant{Room: usersig.Room{ID: 123}, Allow: usersig.Audience}
	for _, c := range []struct {
		room usersig.Room
		want usersig.Privilege
		ok   bool
	}{
		{usersig.Room{ID: 123}, usersig.JoinRoom, true}, {usersig.Room{ID: 123}, usersig.Audience, true},
		{usersig.Room{ID: 123}, usersig.SendAudio, false}, {usersig.Room{Name: "123"}, usersig.JoinRoom, false},
		{usersig.Room{ID: 124}, usersig.JoinRoom, false}, {usersig.Room{ID: 123, Name: "x"}, usersig.JoinRoom, false},
	} {
		if got := g.Permits(c.room, c.want); got != c.ok {
			t.Errorf("Permits(%v, %v) = %t", c.room, c.want, got)
		}
	}
	if (usersig.Grant{}).Permits(usersig.Room{}, 0) {
		t.Error("the zero grant permits something")
	}
}

// TestRequire: the code is that of the first right that is missing.
func TestRequire(t *testing.T) {
	for _, c := range []struct {
		allow, want usersig.Privilege
		err         error
	}{
		{255, 255, nil}, {42, 42, nil}, {42, 2, nil},
		{254, 1, usersig.ErrNoRightCreate}, {253, 2, usersig.ErrNoRightEnter}, {0, 255, usersig.ErrNoRightCreate},
		{1, 255, usersig.ErrNoRightEnter}, {3, usersig.SendVideo, usersig.ErrNoRightSendVideo}, {3, usersig.SendScreen, usersig.ErrNoRightSendScreen},
		{3, usersig.ReceiveVideo, usersig.ErrNoRightReceiveVideo}, {3, usersig.SendAudio | usersig.SendScreen, usersig.ErrNoRightSendScreen},
		{3, usersig.SendAudio, usersig.ErrNoGrant}, {3, usersig.ReceiveAudio, usersig.ErrNoGrant}, {3, usersig.ReceiveScreen, usersig.ErrNoGrant},
		{255, 0, usersig.ErrNoGrant}, {255, 256, usersig.ErrNoGrant},
	} {
		err := (usersig.Grant{Allow: c.allow}).Require(c.want)
		if c.err == nil {
			if err != nil {
				t.Errorf("%v of %v: %v", c.want, c.allow, err)
			}
			continue
		}
		wantRefusal(t, usersig.Verified{}, err, c.err.(usersig.Error), "")
		r, _ := usersig.RefusalOf(err)
		if r.TRTC != r.Code || r.Check != "grant" {
			t.Errorf("%+v", r)
		}
	}
	err := (usersig.Grant{Allow: 3}).Require(usersig.SendAudio)
	if !strings.Contains(err.Error(), "it does not allow send-audio") {
		t.Error(err)
	}
	if r, _ := usersig.RefusalOf(err); !strings.Contains(r.In("zh").Message, "其中不包含权限 send-audio") {
		t.Errorf("%+v", r.In("zh"))
	}
}

func TestPortableUserID(t *testing.T) {
	for id, want := range map[string]bool{
		"alice": true, "A_b-9": true, strings.Repeat("a", 32): true, "0": true,
		"": false, strings.Repeat("a", 33): false, "a b": false, "é": false, "a.b": false, "用户": false, "a@b": false, "a\n": false,
	} {
		if got := usersig.PortableUserID(id); got != want {
			t.Errorf("%q: %t", id, got)
		}
	}
}

func TestNamesOfEnumerations(t *testing.T) {
	type named interface {
		fmt.Stringer
		MarshalText() ([]byte, error)
	}
	for v, want := range map[named]string{
		usersig.SchemeECDSA: "ecdsa", usersig.SchemeHMAC: "hmac", usersig.Scheme(0): "none", usersig.Scheme(9): "none",
		usersig.UserSig: "usersig", usersig.PrivateMapKey: "privatemapkey", usersig.UserBuf: "userbuf", usersig.Purpose(0): "none", usersig.Purpose(9): "none",
	} {
		if text, err := v.MarshalText(); v.String() != want || string(text) != want || err != nil {
			t.Errorf("%T %v, %s, %v, want %s", v, v, text, err, want)
		}
	}
}

func TestInspectionJSON(t *testing.T) {
	for name, c := range map[string]struct {
		token, want string
	}{
		"UserSig": {forge2(testSecret).add("x", "1").token(),
			`{"scheme":"hmac","purpose":"usersig","sdkappid":1400000000,"userid":"alice","issued_at":"2026-11-23T09:26:40Z","expires_at":"2026-11-24T09:26:40Z","ttl":86400,"signature":"SIG","compressed":true,"unsigned":["TLS.ver","x"]}`},
		"PrivateMapKey": {forge2(testSecret).userBuf(ticketOf(testTicket)).token(),
			`{"scheme":"hmac","purpose":"privatemapkey","sdkappid":1400000000,"userid":"alice","issued_at":"2026-11-23T09:26:40Z","expires_at":"2026-11-24T09:26:40Z","ttl":86400,"userbuf":"AAAFYWxpY2VTck4AAAAAe2sFWFAAAAAqAAAAAA==","grant":{"room":{"id":123},"allow":42},"signature":"SIG","compressed":true,"unsigned":["TLS.ver"]}`},
	} {
		said, err := usersig.Inspect(c.token)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(said)
		sig, _ := json.Marshal(said.Signature)
		if got := strings.Replace(string(text), strings.Trim(string(sig), `"`), "SIG", 1); err != nil || got != c.want {
			t.Errorf("%s: %s, %v\nwant %s", name, got, err, c.want)
		}
	}
}
