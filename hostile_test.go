package usersig_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"usersig"
)

// Tokens that ended, flooded or confused some verifier, and those that old issuers
// still send.

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
		var want string
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
			if used := bytesPerRun(func() { _, _ = v.Verify(t.Context(), b.token, "alice") }); used > 32<<10 {
				t.Errorf("one refusal takes %d bytes of memory", used)
			}
		})
	}
}

// bytesPerRun returns how many bytes f allocates, on average over many runs, so
// that a pool which the collector empties, or the race detector, counts for little.
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
