package usersig_test

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"usersig"
)

// The attacks of this file are forged with real keys, each by the name under which
// it worked against some verifier in the field.

// TestTrueAsSignature: PHP compares loosely, and true equals every signature.
func TestTrueAsSignature(t *testing.T) {
	v := verifierOf(t, nil)
	var attacks []attack
	for _, f := range forgers {
		for _, sig := range []string{"true", "false", "null", "0", "1", "[]", `["x"]`, "{}", "1e400"} {
			forged := f.make()
			forged.rawSig = sig
			attacks = append(attacks, attack{f.name + "/" + sig, forged.token(), usersig.ErrMalformed, "field: TLS.sig has the wrong JSON type"})
		}
		forged := f.make()
		forged.rawSig = `""`
		attacks = append(attacks, attack{f.name + "/empty", forged.token(), usersig.ErrMalformed, "field: TLS.sig is empty"})
		forged = f.make()
		forged.rawSig = "true"
		forged.set(forged.app(), "true")
		attacks = append(attacks, attack{f.name + "/true as application", forged.token(), usersig.ErrMalformed, "wrong JSON type"})
	}
	runAttacks(t, v, attacks)
}

// TestPublicKeyAsSecret: a verifier that lets the token choose the algorithm takes
// an HMAC keyed with the public key, which everybody may have.
func TestPublicKeyAsSecret(t *testing.T) {
	public := publicOf(t, keyP256)
	text := public.EncodePEM()
	block, _ := pem.Decode(text)
	onlyPublic := verifierOf(t, nil, public)
	both := verifierOf(t, nil, public, secretOf(t, testSecret))
	for name, key := range map[string][]byte{
		"PEM": text, "PEM without its last line feed": text[:len(text)-1],
		"PEM with CRLF": []byte(strings.ReplaceAll(string(text), "\n", "\r\n")),
		"DER":           block.Bytes, "key ID": []byte(public.ID()), "empty": nil,
	} {
		forged := forge2("")
		forged.sign = hmacWith(key)
		for purpose, token := range map[string]string{"plain": forged.token(), "userbuf": forged.userBuf([]byte("x")).token()} {
			t.Run(name+"/"+purpose, func(t *testing.T) {
				who, err := onlyPublic.Verify(t.Context(), token, "alice")
				wantRefusal(t, who, err, usersig.ErrNoKey, "SECRETKEY")
				who, err = both.Verify(t.Context(), token, "alice")
				wantRefusal(t, who, err, usersig.ErrSignature, "")
			})
		}
	}
}

// TestSchemeIsTheKeys: neither adding TLS.ver to a version 1 token nor signing one
// version's fields with the other's key changes which key must have signed.
func TestSchemeIsTheKeys(t *testing.T) {
	v := verifierOf(t, nil)
	secretLines := forge1(keyP256)
	secretLines.sign = hmacWith([]byte(testSecret))
	ecdsaLines := forge2(testSecret)
	ecdsaLines.sign = ecdsaWith(keyP256)
	merged := forge1(keyP256).set("TLS.ver", `"2.0"`).set("TLS.time", "1795426000").
		set("TLS.sdkappid", "1400000000").set("TLS.expire", "86400")
	runAttacks(t, v, []attack{
		{"v1 with TLS.ver", forge1(keyP256).set("TLS.ver", `"2.0"`).token(), usersig.ErrMalformed, "TLS.sdkappid is missing"},
		{"v1 with the fields of v2", merged.token(), usersig.ErrSignature, ""},
		{"v1 signed with the secret", secretLines.token(), usersig.ErrSignature, ""},
		{"v2 signed with ECDSA", ecdsaLines.token(), usersig.ErrSignature, ""},
		{"v2 without TLS.ver", forge2(testSecret).drop("TLS.ver").token(), usersig.ErrMalformed, "TLS.account_type is missing"},
		{"TLS.ver 9", forge2(testSecret).set("TLS.ver", `"9"`).token(), usersig.ErrMalformed, `TLS.ver is not "2.0"`},
		{"TLS.ver 2", forge2(testSecret).set("TLS.ver", `"2"`).token(), usersig.ErrMalformed, "TLS.ver"},
		{"TLS.ver empty", forge2(testSecret).set("TLS.ver", `""`).token(), usersig.ErrMalformed, "TLS.ver"},
		{"TLS.ver number", forge2(testSecret).set("TLS.ver", "2.0").token(), usersig.ErrMalformed, "TLS.ver has the wrong JSON type"},
		{"TLS.ver null", forge1(keyP256).set("TLS.ver", "null").token(), usersig.ErrMalformed, "TLS.ver has the wrong JSON type"},
	})
	// The key of the one scheme is not asked about the other.
	secretOnly := verifierOf(t, nil, secretOf(t, testSecret))
	who, err := secretOnly.Verify(t.Context(), forge1(keyP256).token(), "alice")
	wantRefusal(t, who, err, usersig.ErrNoKey, "public_key")
}

// TestJSONInjection: the C++ library pastes user IDs into a JSON template.
func TestJSONInjection(t *testing.T) {
	v := verifierOf(t, nil)
	for _, id := range []string{`admin","x":"`, `admin","TLS.x":"`, `admin\`, `a\u0062`, `"`} {
		for _, key := range []usersig.SigningKey{privateOf(t, keyP256), secretOf(t, testSecret)} {
			token := signed(t, signerOf(t, key, false), usersig.Claims{UserID: id})
			if who, err := v.Verify(t.Context(), token, id); err != nil || who.UserID() != id {
				t.Errorf("%q: %v, want the very user ID", id, err)
			}
			who, err := v.Verify(t.Context(), token, "admin")
			wantRefusal(t, who, err, usersig.ErrUserMismatch, "")
		}
	}
	// What the template makes of `alice","TLS.sdk_appid":"1400000000","x":"`: the
	// same field twice, of which rapidjson takes the first.
	twice := forge1(keyP256).first("x", `""`).first("TLS.sdk_appid", `"1400000000"`).first("TLS.expire_after", `"999999999"`)
	runAttacks(t, v, []attack{{"template with overrides", twice.token(), usersig.ErrMalformed, "a field occurs twice"}})
	// Without overrides the result is a genuine token, signed by the key's holder;
	// what can be done is to show the field that no issuer writes.
	token := forge1(keyP256).add("x", `""`).token()
	wantAlice(t, v, token)
	if said, err := usersig.Inspect(token); err != nil || strings.Join(said.Unsigned, " ") != "TLS.version x" {
		t.Errorf("unsigned fields %v, %v", said.Unsigned, err)
	}
}

// TestLineFeedRecut: signed lines are not escaped, so a line feed in a value makes
// them ambiguous.
func TestLineFeedRecut(t *testing.T) {
	v := verifierOf(t, nil)
	odd := "alice\nTLS.sdk_appid:1400000000\nTLS.time:1795426000\nTLS.expire_after:999999999"
	genuine := forge1(keyP256).user(odd)
	recut := forge1(keyP256).set("TLS.expire_after", quote("999999999\nTLS.sdk_appid:1400000000\nTLS.time:1795426000\nTLS.expire_after:86400"))
	odd2 := "alice\nTLS.sdkappid:1400000000\nTLS.time:1795426000\nTLS.expire:999999999"
	genuine2 := forge2(testSecret).user(odd2)
	recut2 := forge2(testSecret).set("TLS.expire", quote("999999999\nTLS.sdkappid:1400000000\nTLS.time:1795426000\nTLS.expire:86400"))
	if recut.lines() != genuine.lines() || recut2.lines() != genuine2.lines() {
		t.Fatal("the recut tokens do not sign the same bytes")
	}
	third := forge1(keyP256).set("TLS.appid_at_3rd", quote("0\nTLS.account_type:0\nTLS.identifier:bob"))
	account := forge1(keyP256).set("TLS.account_type", quote("0\nTLS.identifier:bob"))
	runAttacks(t, v, []attack{
		{"v1 before", genuine.token(), usersig.ErrMalformed, "TLS.identifier holds a control character"},
		{"v1 recut", recut.token(), usersig.ErrMalformed, "TLS.expire_after is not a plain decimal"},
		{"v2 before", genuine2.token(), usersig.ErrMalformed, "TLS.identifier holds a control character"},
		{"v2 recut", recut2.token(), usersig.ErrMalformed, "TLS.expire has the wrong JSON type"},
		{"v1 recut into appid_at_3rd", third.token(), usersig.ErrMalformed, "TLS.appid_at_3rd holds a control character"},
		{"v1 recut into account_type", account.token(), usersig.ErrMalformed, "TLS.account_type holds a control character"},
	})
	for _, id := range []string{odd, odd2} {
		who, err := v.Verify(t.Context(), genuine.token(), id)
		wantRefusal(t, who, err, usersig.ErrMalformed, "")
	}
}

// TestUserBufDropped: a token with a user buffer signs one line more than a UserSig,
// and the line can be hidden in the value before it.
func TestUserBufDropped(t *testing.T) {
	v := verifierOf(t, nil)
	ticket := ticketOf(testTicket)
	for _, f := range forgers {
		t.Run(f.name, func(t *testing.T) {
			withBuf := f.make().userBuf(ticket)
			hidden := f.make()
			hidden.set(hidden.expire(), quote("86400\nTLS.userbuf:"+base64.StdEncoding.EncodeToString(ticket)))
			if hidden.lines() != withBuf.lines() {
				t.Fatal("the two tokens do not sign the same bytes")
			}
			want := "TLS.expire_after is not a plain decimal"
			if hidden.v2 {
				want = "TLS.expire has the wrong JSON type"
			}
			dropped := f.make()
			dropped.signed = withBuf.lines()
			runAttacks(t, v, []attack{
				{"hidden", hidden.token(), usersig.ErrMalformed, want},
				{"dropped", dropped.token(), usersig.ErrSignature, ""},
				{"kept", withBuf.token(), usersig.ErrPurpose, ""},
			})
			// The reverse: a buffer that nobody signed.
			added := f.make()
			added.signed = added.lines()
			token := added.userBuf(ticket).token()
			runAttacks(t, v, []attack{{"added", token, usersig.ErrSignature, ""}})
			who, err := v.VerifyUserBuf(t.Context(), token, "alice")
			wantRefusal(t, who, err, usersig.ErrSignature, "")
			who, err = v.VerifyPrivateMapKey(t.Context(), token, "alice", testTicket.room())
			wantRefusal(t, who, err, usersig.ErrSignature, "")
			// And an empty one is not the same as none.
			added = f.make()
			added.signed = added.lines()
			runAttacks(t, v, []attack{{"empty added", added.userBuf(nil).token(), usersig.ErrSignature, ""}})
		})
	}
}

// TestBareJSON: the oldest form has neither zlib nor base64, and its expiry was
// never checked.
func TestBareJSON(t *testing.T) {
	var attacks []attack
	for _, f := range forgers {
		for name, ttl := range map[string]int64{"fresh": testTTL, "over": 1} {
			text := f.make().times(testTime, ttl).text()
			attacks = append(attacks,
				attack{f.name + "/" + name, text, usersig.ErrMalformed, "alphabet: "},
				attack{f.name + "/" + name + " in base64", outer([]byte(text)), usersig.ErrMalformed, "zlib: not a zlib stream"})
		}
	}
	wallClock := forge1(keyP256).set("TLS.time", `"2026-11-23T09:26:40-08:00"`)
	attacks = append(attacks, attack{"wall clock", wallClock.token(), usersig.ErrMalformed, "TLS.time is not a plain decimal"})
	runAttacks(t, verifierOf(t, nil), attacks)
}

// TestControlCharacters: C code ends a string at a NUL, and the rest have no
// business in a line either.
func TestControlCharacters(t *testing.T) {
	v := verifierOf(t, nil)
	for _, c := range []string{"\x00", "\x01", "\b", "\t", "\n", "\v", "\f", "\r", "\x1b", "\x1f", "\x7f", "\u0080", "\u0085", "\u009f"} {
		for _, id := range []string{"alice" + c + "x", "alice" + c, c + "alice"} {
			for _, f := range forgers {
				for _, asked := range []string{"alice", id} {
					who, err := v.Verify(t.Context(), f.make().user(id).token(), asked)
					wantRefusal(t, who, err, usersig.ErrMalformed, "field: TLS.identifier holds a control character")
				}
			}
			for _, key := range []usersig.SigningKey{privateOf(t, keyP256), secretOf(t, testSecret)} {
				token, err := signerOf(t, key, false).Sign(usersig.Claims{UserID: id, TTL: time.Hour})
				if token != "" || !errors.Is(err, usersig.ErrInvalidClaims) {
					t.Errorf("signed %q: %v", id, err)
				}
			}
		}
	}
	// Just outside C1 are ordinary characters.
	for _, id := range []string{"a\u00a0b", "a\u00bfb", "用户甲", "é", "😀", "a b", "~!"} {
		for _, f := range forgers {
			if who, err := v.Verify(t.Context(), f.make().user(id).token(), id); err != nil || who.UserID() != id {
				t.Errorf("%s, %q: %v", f.name, id, err)
			}
		}
	}
}

// TestPurposesNeverCross makes a token for each purpose in each scheme and asks
// for each purpose.
func TestPurposesNeverCross(t *testing.T) {
	v := verifierOf(t, nil)
	type made struct {
		name    string
		purpose usersig.Purpose
		spoil   func(*forgery)
	}
	for _, f := range forgers {
		for _, m := range []made{
			{"plain", usersig.UserSig, func(*forgery) {}},
			{"ticket", usersig.PrivateMapKey, func(g *forgery) { g.userBuf(ticketOf(testTicket)) }},
			{"userbuf", usersig.UserBuf, func(g *forgery) { g.userBuf([]byte("hello")) }},
			{"empty userbuf", usersig.UserBuf, func(g *forgery) { g.userBuf(nil) }},
			{"ticket of another", usersig.UserBuf, func(g *forgery) {
				g.userBuf(ticketOf(ticket{user: "bob", app: testApp, id: 1, until: testTime + testTTL}))
			}},
		} {
			forged := f.make()
			m.spoil(forged)
			token := forged.token()
			t.Run(f.name+"/"+m.name, func(t *testing.T) {
				for asked, call := range map[usersig.Purpose]func() (usersig.Verified, error){
					usersig.UserSig: func() (usersig.Verified, error) { return v.Verify(t.Context(), token, "alice") },
					usersig.PrivateMapKey: func() (usersig.Verified, error) {
						return v.VerifyPrivateMapKey(t.Context(), token, "alice", testTicket.room())
					},
					usersig.UserBuf: func() (usersig.Verified, error) { return v.VerifyUserBuf(t.Context(), token, "alice") },
				} {
					who, err := call()
					switch {
					case asked == m.purpose:
						if err != nil || who.Purpose() != asked {
							t.Errorf("asked for %v: %v", asked, err)
						}
					case asked == usersig.PrivateMapKey:
						wantRefusal(t, who, err, usersig.ErrNoGrant, "")
						if r, _ := usersig.RefusalOf(err); r.Check != "purpose" {
							t.Errorf("check %q, want purpose", r.Check)
						}
					default:
						wantRefusal(t, who, err, usersig.ErrPurpose, "wanted a "+map[usersig.Purpose]string{
							usersig.UserSig: "UserSig", usersig.UserBuf: "token with a user buffer"}[asked])
					}
				}
				if who, err := v.Authenticate(t.Context(), token); (err == nil) != (m.purpose == usersig.UserSig) {
					t.Errorf("Authenticate: %v, %v", who.LogValue(), err)
				}
			})
		}
	}
}
