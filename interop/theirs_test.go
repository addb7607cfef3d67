package interop

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"usersig"
)

// A purpose is one of the three kinds of token, with its verifying call.
type purpose struct {
	name   string
	verify func(t *testing.T, v *usersig.Verifier, r request, token string) (usersig.Verified, error)
}

var (
	userSig = purpose{"UserSig",
		func(t *testing.T, v *usersig.Verifier, r request, token string) (usersig.Verified, error) {
			return v.Verify(t.Context(), token, r.User)
		}}
	freeUserBuf = purpose{"userbuf",
		func(t *testing.T, v *usersig.Verifier, r request, token string) (usersig.Verified, error) {
			return v.VerifyUserBuf(t.Context(), token, r.User)
		}}
	privateMapKey = purpose{"PrivateMapKey",
		func(t *testing.T, v *usersig.Verifier, r request, token string) (usersig.Verified, error) {
			return v.VerifyPrivateMapKey(t.Context(), token, r.User, room(r))
		}}
)

func room(r request) usersig.Room { return usersig.Room{ID: r.Room, Name: r.RoomName} }

// A call is a request for a token and what that token is good for.
type call struct {
	request
	purpose
}

// checkTheirs has the official package make the tokens, and checks that each verifies here as what
// it is, as nothing else and for nobody else.
func checkTheirs(t *testing.T, l language, v *usersig.Verifier, calls []call) {
	t.Helper()
	requests := make([]request, len(calls))
	for i, c := range calls {
		requests[i] = c.request
	}
	for i, reply := range ask(t, l, requests) {
		t.Run(l.name+"/"+calls[i].API+"/"+calls[i].User, func(t *testing.T) {
			checkToken(t, v, calls[i], reply.Token)
		})
	}
}

func checkToken(t *testing.T, v *usersig.Verifier, c call, token string) {
	t.Helper()
	who, err := c.verify(t, v, c.request, token)
	if err != nil {
		t.Fatalf("their %s is refused: %v", c.name, err)
	}
	if who.AppID() != app || who.UserID() != c.User {
		t.Errorf("app %d, user %q; want %d, %q", who.AppID(), who.UserID(), app, c.User)
	}
	checkSpan(t, who)
	if c.name == freeUserBuf.name && !bytes.Equal(who.UserBuf(), c.UserBuf) {
		t.Errorf("userbuf %q, want %q", who.UserBuf(), c.UserBuf)
	}
	if c.name == privateMapKey.name {
		grant, err := who.Grant()
		want := usersig.Grant{Room: room(c.request), Allow: usersig.Privilege(c.Privileges)}
		if err != nil || grant != want {
			t.Errorf("grant %v, %v; want %v", grant, err, want)
		}
	}
	for _, other := range []purpose{userSig, freeUserBuf, privateMapKey} {
		if other.name == c.name {
			continue
		}
		if _, err := other.verify(t, v, c.request, token); err == nil {
			t.Errorf("their %s verifies as a %s too", c.name, other.name)
		}
	}
	stranger := c.request
	stranger.User += "x"
	if _, err := c.verify(t, v, stranger, token); !errors.Is(err, usersig.ErrUserMismatch) {
		t.Errorf("for another user: %v, want %v", err, usersig.ErrUserMismatch)
	}
}

// checkSpan checks that the token lasts as long as was asked for. A PrivateMapKey has a second end
// in its userbuf, for which the packages read the clock once more: a second may lie between.
func checkSpan(t *testing.T, who usersig.Verified) {
	t.Helper()
	span := who.ExpiresAt().Sub(who.IssuedAt())
	if d := expire*time.Second - span; d < 0 || d > time.Second {
		t.Errorf("the token lasts %v, want %v", span, expire*time.Second)
	}
	if age := time.Since(who.IssuedAt()); age < -time.Second || age > installTimeout {
		t.Errorf("the token was issued %v ago", age)
	}
}

// TestTheirECDSA covers the packages for asymmetric keys, on the two curves the console hands out.
func TestTheirECDSA(t *testing.T) {
	for _, curve := range []usersig.Curve{usersig.P256, usersig.Secp256k1} {
		t.Run(curve.String(), func(t *testing.T) {
			key := newKeyPair(t, curve)
			v := newVerifier(t, key.Public())
			var nodeCalls, pythonCalls []call
			for _, user := range users {
				r := request{App: app, User: user, Expire: expire, PrivateKey: key.private}
				nodeCalls = append(nodeCalls, call{with(r, "v1.genSig"), userSig})
				pythonCalls = append(pythonCalls, call{with(r, "v1.gen_sig"), userSig})
				for _, r.UserBuf = range buffers {
					nodeCalls = append(nodeCalls, call{with(r, "v1.genSigWithUserbuf"), freeUserBuf})
				}
			}
			checkTheirs(t, node, v, nodeCalls)
			checkTheirs(t, python, v, pythonCalls)
		})
	}
}

// TestTheirHMAC covers the packages for secrets. The Python package on PyPI has no PrivateMapKeys;
// its source repository has.
func TestTheirHMAC(t *testing.T) {
	v := newVerifier(t, newSecret(t))
	var nodeCalls, pythonCalls []call
	for _, user := range users {
		r := request{App: app, User: user, Expire: expire, Secret: secret}
		nodeCalls = append(nodeCalls, call{with(r, "v2.genUserSig"), userSig})
		pythonCalls = append(pythonCalls, call{with(r, "v2.gen_sig"), userSig})
		for _, r.UserBuf = range buffers {
			nodeCalls = append(nodeCalls, call{with(r, "v2.genSig"), freeUserBuf})
			pythonCalls = append(pythonCalls, call{with(r, "v2.gen_sig_with_userbuf"), freeUserBuf})
		}
	}
	checkTheirs(t, node, v, append(nodeCalls, privateMapKeyCalls()...))
	checkTheirs(t, python, v, pythonCalls)
}

// privateMapKeyCalls asks for rooms by number and by name, the largest number we sign included.
func privateMapKeyCalls() []call {
	var calls []call
	for _, user := range asciiUsers {
		r := request{App: app, User: user, Expire: expire, Secret: secret, Privileges: 42}
		r.Room = 1001
		calls = append(calls, call{with(r, "v2.genPrivateMapKey"), privateMapKey})
		r.Room, r.Privileges = 4294967294, 255
		calls = append(calls, call{with(r, "v2.genPrivateMapKey"), privateMapKey})
		r.Room, r.RoomName = 0, "lobby 7/a"
		calls = append(calls, call{with(r, "v2.genPrivateMapKeyWithStringRoomID"), privateMapKey})
	}
	return calls
}

func with(r request, api string) request {
	r.API = api
	return r
}
