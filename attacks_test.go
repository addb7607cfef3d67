package usersig_test

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"runtime"
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

// TestJunkJSON: a C++ verifier aborted on each of these.
func TestJunkJSON(t *testing.T) {
	v := verifierOf(t, nil)
	var attacks []attack
	for name, text := range map[string]string{
		"array": "[]", "number": "5", "null": "null", "true": "true", "string": `"x"`, "nothing": "", "space": " ",
		"array of objects": "[{}]", "NUL": "\x00", "not JSON": "hello", "closing brace": "}",
	} {
		attacks = append(attacks, attack{name, wrapped([]byte(text)), usersig.ErrMalformed, "JSON: not a JSON object"})
	}
	attacks = append(attacks,
		attack{"empty object", wrapped([]byte("{}")), usersig.ErrMalformed, "field: TLS.account_type is missing"},
		attack{"empty object of v2", wrapped([]byte(`{"TLS.ver":"2.0"}`)), usersig.ErrMalformed, "field: TLS.identifier is missing"},
	)
	runAttacks(t, v, attacks)
	who, err := v.Verify(t.Context(), "", "alice")
	wantRefusal(t, who, err, usersig.ErrEmpty, "")
}

// TestAfter2038: C++ and Java verifiers could not read times past 2^31.
func TestAfter2038(t *testing.T) {
	for _, issued := range []int64{math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32 + 1, 253402300799} {
		v := verifierOf(t, &usersig.VerifierOptions{Clock: at(issued)})
		for _, f := range forgers {
			wantAlice(t, v, f.make().times(issued, testTTL).token())
		}
	}
}

// TestJunkTypes puts every JSON type into every field: PHP and Java verifiers threw.
func TestJunkTypes(t *testing.T) {
	var attacks []attack
	for _, f := range forgers {
		for _, m := range append(f.make().members, member{"TLS.userbuf", ""}) {
			if m.name == "TLS.version" {
				continue // nobody reads it
			}
			for _, raw := range []string{"null", "true", "[]", `["alice"]`, "{}", `{"a":{"b":[]}}`, "5", `"5"`} {
				forged := f.make()
				isString := strings.HasPrefix(m.raw, `"`) || m.raw == ""
				if isString == strings.HasPrefix(raw, `"`) {
					continue // the right type
				}
				attacks = append(attacks, attack{f.name + "/" + m.name + "/" + raw, forged.set(m.name, raw).token(),
					usersig.ErrMalformed, "field: " + m.name + " has the wrong JSON type"})
			}
			if m.raw != "" && m.name != "TLS.ver" && m.name != "TLS.appid_at_3rd" {
				attacks = append(attacks, attack{f.name + "/" + m.name + "/missing", f.make().drop(m.name).token(),
					usersig.ErrMalformed, "field: " + m.name + " is missing"})
			}
		}
	}
	runAttacks(t, verifierOf(t, nil), attacks)
}

// TestUnsignedFields: any holder may add fields that no signature covers. They
// change nothing, and Inspect names them.
func TestUnsignedFields(t *testing.T) {
	v := verifierOf(t, nil)
	for _, f := range forgers {
		forged := f.make().add("TLS.foo", `{"a":[1,"b",null]}`).add("role", `"admin"`).set("TLS.version", "7")
		want := "TLS.foo role TLS.version"
		if forged.v2 {
			want = "TLS.ver TLS.foo role TLS.version"
			forged.add("TLS.sdk_appid", `"7"`).add("TLS.expire_after", "null")
			want += " TLS.sdk_appid TLS.expire_after"
		} else {
			want = "TLS.version TLS.foo role TLS.sdkappid"
			forged.add("TLS.sdkappid", "7")
		}
		token := forged.token()
		wantAlice(t, v, token)
		if said, err := usersig.Inspect(token); err != nil || strings.Join(said.Unsigned, " ") != want {
			t.Errorf("%s: unsigned fields %v, want %s", f.name, said.Unsigned, want)
		}
	}
}

// TestInflateBomb: verifiers that inflate before any check gave 64 MiB of memory to
// a token of 87 kB from anybody.
func TestInflateBomb(t *testing.T) {
	v := verifierOf(t, nil)
	bombs := map[string]struct{ token, part string }{
		"64 MiB in 87 kB": {outer(deflated(make([]byte, 64<<20))), "alphabet: longer than 8192 characters"},
		// The most that fits: a token of 8192 characters that wants to be 6 MB.
		"best within the cap": {outer(deflated(make([]byte, 6<<20))), "zlib: inflates to more than 8192 bytes"},
		"object of spaces":    {wrapped([]byte("{" + strings.Repeat(" ", 6<<20) + "}")), "zlib: inflates to more than 8192 bytes"},
		"one byte too much":   {wrapped([]byte(strings.Repeat(" ", 8193))), "zlib: inflates to more than 8192 bytes"},
		"one byte less":       {wrapped([]byte(strings.Repeat(" ", 8192))), "JSON: not a JSON object"},
	}
	if n := len(bombs["best within the cap"].token); n < 8000 || n > 8192 {
		t.Fatalf("the bomb has %d characters, want nearly 8192", n)
	}
	for name, b := range bombs {
		t.Run(name, func(t *testing.T) {
			who, err := v.Verify(t.Context(), b.token, "alice")
			wantRefusal(t, who, err, usersig.ErrMalformed, b.part)
			if used := bytesPerRun(func() { _, _ = v.Verify(t.Context(), b.token, "alice") }); used > 4<<10 {
				t.Errorf("one refusal takes %d bytes of memory", used)
			}
		})
	}
}

// bytesPerRun returns how many bytes f allocates, on average over many runs, so
// that a pool which the collector empties does not count.
func bytesPerRun(f func()) uint64 {
	const runs = 500
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

// TestManyMembers and depth: work is bounded by the text, and so are they.
func TestManyMembers(t *testing.T) {
	v := verifierOf(t, nil)
	with := func(n int) string { // members in all, with TLS.sig
		f := forge2(testSecret)
		for i := len(f.members) + 1; i < n; i++ {
			f.add(fmt.Sprintf("k%d", i), "0")
		}
		return f.token()
	}
	wantAlice(t, v, with(32))
	deep := func(n int, opening, closing string) string {
		return forge2(testSecret).add("x", strings.Repeat(opening, n)+"0"+strings.Repeat(closing, n)).token()
	}
	wantAlice(t, v, deep(8, "[", "]"))
	wantAlice(t, v, deep(8, `{"a":`, "}"))
	hundredThousand := "{" + strings.Repeat(`"a":0,`, 100_000) + `"b":0}`
	runAttacks(t, v, []attack{
		{"33 members", with(33), usersig.ErrMalformed, "JSON: too many fields"},
		{"400 members", with(400), usersig.ErrMalformed, "JSON: too many fields"},
		{"100,000 members", wrapped([]byte(hundredThousand)), usersig.ErrMalformed, "zlib: inflates to more than 8192 bytes"},
		{"depth 9", deep(9, "[", "]"), usersig.ErrMalformed, "JSON: too many fields or too deeply nested"},
		{"depth 9 of objects", deep(9, `{"a":`, "}"), usersig.ErrMalformed, "too deeply nested"},
		{"depth 3000", deep(3000, "[", "]"), usersig.ErrMalformed, "too deeply nested"},
		{"unclosed depth", wrapped([]byte(`{"x":` + strings.Repeat("[", 8000))), usersig.ErrMalformed, "too deeply nested"},
	})
}

// TestHistoricalBugs: what old deployments still send, and none of it counts.
func TestHistoricalBugs(t *testing.T) {
	v := verifierOf(t, nil)
	phpNewline := forge2(testSecret)
	phpNewline.signed = strings.ReplaceAll(phpNewline.lines(), "\n", `\n`)
	oldNode := forge1(keyP256)
	oldNode.signed = strings.TrimPrefix(oldNode.lines(), "TLS.appid_at_3rd:0\n")
	hexKey := forge2(testSecret)
	hexKey.sign = hmacWith(unhex(t, testSecret))
	nodeNoExpire := forge2(testSecret).set("TLS.expire", "null")
	nodeNoExpire.signed = strings.Replace(forge2(testSecret).lines(), "86400", "undefined", 1)
	goEmptyBuf := forge2(testSecret)
	goEmptyBuf.signed = goEmptyBuf.lines() + "TLS.userbuf:\n"
	javaUser := forge1(keyP256)
	javaUser.signed = strings.Replace(javaUser.lines(), "alice", `al\u0069ce`, 1)
	cppNegative := forge2(testSecret).set("TLS.time", "-5")
	cppNegative.signed = strings.Replace(cppNegative.lines(), "-5", "4294967291", 1)
	latin1 := forge1(keyP256).set("TLS.identifier", "\"caf\xe9\"")
	latin1.signed = strings.Replace(forge1(keyP256).lines(), "alice", "café", 1)
	runAttacks(t, v, []attack{
		{"PHP signed backslash-n", phpNewline.token(), usersig.ErrSignature, ""},
		{"Node 1.0.0 left a line out", oldNode.token(), usersig.ErrSignature, ""},
		{"secret decoded from hexadecimal", hexKey.token(), usersig.ErrSignature, ""},
		{"Node without a lifetime", nodeNoExpire.token(), usersig.ErrMalformed, "TLS.expire has the wrong JSON type"},
		{"Go signed an empty userbuf and dropped it", goEmptyBuf.token(), usersig.ErrSignature, ""},
		{"Go dropped a lifetime of 0", forge2(testSecret).drop("TLS.expire").token(), usersig.ErrMalformed, "TLS.expire is missing"},
		{"Java signed another user ID than it wrote", javaUser.token(), usersig.ErrSignature, ""},
		{"C++ reads a negative time as positive", cppNegative.token(), usersig.ErrMalformed, "TLS.time is not a plain decimal"},
		{"Node wrote Latin-1", latin1.token(), usersig.ErrMalformed, "JSON: text is not valid UTF-8"},
	})
}

// TestOddLegacyFields: what real issuers do write there is taken.
func TestOddLegacyFields(t *testing.T) {
	v := verifierOf(t, nil)
	for name, f := range map[string]*forgery{
		"appid_at_3rd absent":          forge1(keyP256).drop("TLS.appid_at_3rd"),
		"appid_at_3rd empty, Python's": forge1(keyP256).set("TLS.appid_at_3rd", `""`),
		"appid_at_3rd odd":             forge1(keyP256).set("TLS.appid_at_3rd", `"hosted/用"`),
		"account_type 107":             forge1(keyP256).set("TLS.account_type", `"107"`),
		"account_type empty":           forge1(keyP256).set("TLS.account_type", `""`),
		"version absent":               forge1(keyP256).drop("TLS.version"),
		"version of another type":      forge1(keyP256).set("TLS.version", "[1]"),
	} {
		t.Run(name, func(t *testing.T) { wantAlice(t, v, f.token()) })
	}
	// They are signed, so the holder cannot change them.
	for _, name := range []string{"TLS.appid_at_3rd", "TLS.account_type"} {
		f := forge1(keyP256)
		f.signed = f.lines()
		who, err := v.Verify(t.Context(), f.set(name, `"1"`).token(), "alice")
		wantRefusal(t, who, err, usersig.ErrSignature, "")
	}
}
