package usersig_test

import (
	"context"
	"testing"

	"usersig"
)

// A flaw makes a token, or the question, wrong in one way.
type flaw struct {
	name  string
	want  usersig.Error
	check string
	token func(*forgery)
	setup func(*trial)
}

// trial is a question to a Verifier.
type trial struct {
	forged *forgery
	keys   []usersig.VerifyingKey
	opts   usersig.VerifierOptions
	user   string
	room   usersig.Room
}

// flaws are in the order in which they must be found. The checks of a UserSig
// come first; those that only a PrivateMapKey has are told by their reason.
func flaws(t *testing.T, f *forgery) []flaw {
	otherScheme := usersig.VerifyingKey(secretOf(t, testSecret))
	if f.v2 {
		otherScheme = publicOf(t, keyP256)
	}
	return []flaw{
		{"malformed", usersig.ErrMalformed, "decode", func(f *forgery) { f.add("x", "1").add("x", "1") }, nil},
		{"application", usersig.ErrAppMismatch, "app", func(f *forgery) { f.set(f.app(), f.number(1)) }, nil},
		{"no key", usersig.ErrNoKey, "key", nil, func(q *trial) { q.keys = []usersig.VerifyingKey{otherScheme} }},
		{"signature", usersig.ErrSignature, "signature", func(f *forgery) {
			f.sign = func([]byte) []byte { return []byte("not a signature") }
		}, nil},
		{"user", usersig.ErrUserMismatch, "user", nil, func(q *trial) { q.user = "bob" }},
		{"time", usersig.ErrExpired, "time", nil, func(q *trial) { q.opts.Clock = at(testTime + testTTL + 61) }},
		{"revoked", usersig.ErrRevoked, "revoked", nil, func(q *trial) {
			q.opts.Revoked = func(context.Context, usersig.Verified) error { return usersig.ErrRevoked }
		}},
	}
}

// TestOrderOfChecks: of two flaws the earlier is reported, for all pairs. Nothing
// may be said about the user or the time while the signature is not known to be
// good.
func TestOrderOfChecks(t *testing.T) {
	for _, f := range forgers {
		for _, c := range []struct {
			name  string
			buf   []byte
			call  func(*usersig.Verifier, *trial, string) (usersig.Verified, error)
			extra []flaw
		}{
			{"usersig", nil, func(v *usersig.Verifier, q *trial, token string) (usersig.Verified, error) {
				return v.Verify(t.Context(), token, q.user)
			}, []flaw{
				{"purpose", usersig.ErrPurpose, "purpose", func(f *forgery) { f.userBuf([]byte("x")) }, nil},
			}},
			{"userbuf", []byte("x"), func(v *usersig.Verifier, q *trial, token string) (usersig.Verified, error) {
				return v.VerifyUserBuf(t.Context(), token, q.user)
			}, []flaw{
				{"purpose", usersig.ErrPurpose, "purpose", func(f *forgery) { f.drop("TLS.userbuf") }, nil},
			}},
			{"privatemapkey", ticketOf(testTicket), func(v *usersig.Verifier, q *trial, token string) (usersig.Verified, error) {
				return v.VerifyPrivateMapKey(t.Context(), token, q.user, q.room)
			}, []flaw{
				{"purpose", usersig.ErrNoGrant, "purpose", func(f *forgery) { f.drop("TLS.userbuf") }, nil},
				{"room", usersig.ErrNoGrant, "grant", nil, func(q *trial) { q.room.ID++ }},
			}},
		} {
			t.Run(f.name+"/"+c.name, func(t *testing.T) {
				proto := f.make()
				list := flaws(t, proto)
				// purpose goes after signature, the room before the deny list.
				ordered := append([]flaw{}, list[:4]...)
				ordered = append(ordered, c.extra[0])
				ordered = append(ordered, list[4:6]...)
				ordered = append(ordered, c.extra[1:]...)
				ordered = append(ordered, list[6])
				for i, first := range ordered {
					for _, second := range ordered[i:] {
						q := trial{forged: f.make(), user: "alice", room: testTicket.room()}
						if c.buf != nil {
							q.forged.userBuf(c.buf)
						}
						for _, flaw := range []flaw{second, first} {
							if flaw.token != nil {
								flaw.token(q.forged)
							}
							if flaw.setup != nil {
								flaw.setup(&q)
							}
						}
						who, err := c.call(verifierOf(t, &q.opts, q.keys...), &q, q.forged.token())
						wantRefusal(t, who, err, first.want, "")
						if r, _ := usersig.RefusalOf(err); r.Check != first.check {
							t.Errorf("%s and %s: check %q, want %q", first.name, second.name, r.Check, first.check)
						}
						if (c.name == "privatemapkey") != (err.(*usersig.Refusal).TRTC == -100006) {
							t.Errorf("%s and %s: TRTC code %d", first.name, second.name, err.(*usersig.Refusal).TRTC)
						}
					}
				}
			})
		}
	}
}

// TestEmptyIsFirst: the empty token has a code of its own, whatever else is wrong.
func TestEmptyIsFirst(t *testing.T) {
	v := verifierOf(t, &usersig.VerifierOptions{Clock: at(0)})
	for _, call := range []func() (usersig.Verified, error){
		func() (usersig.Verified, error) { return v.Verify(t.Context(), "", "") },
		func() (usersig.Verified, error) { return v.Authenticate(t.Context(), "") },
		func() (usersig.Verified, error) { return v.VerifyUserBuf(t.Context(), "", "") },
		func() (usersig.Verified, error) { return v.VerifyPrivateMapKey(t.Context(), "", "", usersig.Room{}) },
	} {
		who, err := call()
		wantRefusal(t, who, err, usersig.ErrEmpty, "token is empty")
	}
	if said, err := usersig.Inspect(""); said != nil || usersig.Code(err) != 70002 {
		t.Errorf("Inspect: %v, %v", said, err)
	}
}

// TestNothingIsSaidBeforeTheSignature: what an unproven token says of its user and
// its times stays out of the refusal.
func TestNothingIsSaidBeforeTheSignature(t *testing.T) {
	v := verifierOf(t, nil)
	for _, f := range forgers {
		forged := f.make().user("mallory-the-forger").times(77777, 88888)
		forged.sign = func([]byte) []byte { return []byte("not a signature") }
		_, err := v.Verify(t.Context(), forged.token(), "alice")
		r, _ := usersig.RefusalOf(err)
		if r.Code != 70009 || r.Message != "no key matches the signature" {
			t.Errorf("%+v", r)
		}
	}
}
