package usersig_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"usersig"
)

// rewritten returns the forgery's token with its JSON text changed after signing.
func rewritten(f *forgery, change func(text string) string) string {
	return wrapped([]byte(change(f.text())))
}

func TestJSONIsStrict(t *testing.T) {
	var attacks []attack
	for _, f := range forgers {
		add := func(name, part string, change func(string) string) {
			attacks = append(attacks, attack{f.name + "/" + name, rewritten(f.make(), change), usersig.ErrMalformed, "JSON: " + part})
		}
		replace := func(name, part, old, with string) {
			add(name, part, func(s string) string {
				if !strings.Contains(s, old) {
					t.Fatalf("%s: no %s in %s", name, old, s)
				}
				return strings.Replace(s, old, with, 1)
			})
		}
		const syntax, object, after, text = "syntax error", "not a JSON object", "text follows the object", "text is not valid UTF-8"
		add("byte order mark", object, func(s string) string { return "\ufeff" + s })
		add("NUL before", object, func(s string) string { return "\x00" + s })
		add("comment before", object, func(s string) string { return "/**/" + s })
		add("array around", object, func(s string) string { return "[" + s + "]" })
		add("NUL after", after, func(s string) string { return s + "\x00" })
		add("NUL and junk after", after, func(s string) string { return s + "\x00junk" })
		add("text after", after, func(s string) string { return s + "x" })
		add("object after", after, func(s string) string { return s + s })
		add("brace after", after, func(s string) string { return s + "}" })
		add("no-break space after", after, func(s string) string { return s + "\u00a0" })
		add("form feed after", after, func(s string) string { return s + "\f" })
		add("unclosed", syntax, func(s string) string { return s[:len(s)-1] })
		add("comma at the end", syntax, func(s string) string { return s[:len(s)-1] + ",}" })
		add("comma at the start", syntax, func(s string) string { return "{," + s[1:] })
		add("cut in a string", syntax, func(s string) string { return s[:len(s)-3] })
		add("cut in a name", syntax, func(s string) string { return s[:8] })
		add("cut after a name", syntax, func(s string) string { return s[:strings.Index(s, ":")] })
		add("cut after a backslash", syntax, func(string) string { return `{"a\` })
		add("cut in an escape", syntax, func(string) string { return `{"a\u00` })
		add("only a brace", syntax, func(string) string { return "{" })
		add("name without quotes", syntax, func(string) string { return "{a:1}" })
		add("value missing", syntax, func(string) string { return `{"a":}` })
		add("value unknown", syntax, func(string) string { return `{"a":nul}` })
		add("value in capitals", syntax, func(string) string { return `{"a":True}` })
		add("not a number", syntax, func(string) string { return `{"a":NaN}` })
		add("array cut", syntax, func(string) string { return `{"a":[1` })
		add("array with a comma", syntax, func(string) string { return `{"a":[1,]}` })
		add("array without commas", syntax, func(string) string { return `{"a":[1 2]}` })
		add("object in it cut", syntax, func(string) string { return `{"a":{"b"` })
		add("object in it without colon", syntax, func(string) string { return `{"a":{"b"}}` })
		add("object in it without names", syntax, func(string) string { return `{"a":{1:2}}` })
		add("object in it with bad name", text, func(string) string { return "{\"a\":{\"\xff\":2}}" })
		add("array with bad text", text, func(string) string { return "{\"a\":[\"\xff\"]}" })
		for _, n := range []string{"-", "01", "1.", ".1", "1e", "1e+", "+1", "0x1", "1_0", "--1", "-01", "Infinity", "0b1"} {
			add("number "+n, syntax, func(string) string { return `{"a":` + n + `}` })
		}
		replace("single quotes", syntax, `"alice"`, `'alice'`)
		replace("semicolon", syntax, `,"`, `;"`)
		replace("equals sign", syntax, `":`, `"=`)
		replace("unknown escape", syntax, "alice", `\alice`)
		replace("octal escape", syntax, "alice", `\101lice`)
		replace("bad escape", syntax, "alice", `\u00g1lice`)
		replace("raw LF in a string", syntax, "alice", "al\nice")
		replace("raw NUL in a string", syntax, "alice", "al\x00ice")
		replace("raw tab after an escape", syntax, "alice", "\\u0061l\tice")
		for name, bytes := range map[string]string{
			"byte of Latin-1": "\xe9", "overlong slash": "\xc0\xaf", "overlong NUL": "\xc0\x80", "three-byte overlong": "\xe0\x80\xaf",
			"surrogate in UTF-8": "\xed\xa0\x80", "past U+10FFFF": "\xf4\x90\x80\x80", "cut short": "\xe7\x94", "lone continuation": "\x80", "0xff": "\xff",
		} {
			replace(name, text, "alice", "ali"+bytes+"ce")
		}
		for name, escape := range map[string]string{
			"high surrogate": `\ud800`, "low surrogate": `\udc00`, "two high": `\ud800\ud800`, "reversed pair": `\udc00\ud800`,
			"high then letter": `\ud83dx`, "high then other escape": `\ud83d\n`, "high then cut pair": `\ud83d\u`, "high then space": `\ud83d\u0020`,
		} {
			replace(name, text, "alice", "ali"+escape+"ce")
		}
	}
	runAttacks(t, verifierOf(t, nil), attacks)
}

// TestEscapesSpellTheSame: escapes are undone before anything is compared.
func TestEscapesSpellTheSame(t *testing.T) {
	v := verifierOf(t, nil)
	for _, f := range forgers {
		for raw, id := range map[string]string{
			`"\ud83d\ude00"`: "😀", `"\uD83D\uDE00x"`: "😀x", `"\"\\\/"`: `"\/`, `"\u7528户"`: "用户", `"a\u003cb\u0026"`: "a<b&", `"\u00e9"`: "é",
		} {
			if who, err := v.Verify(t.Context(), f.make().set("TLS.identifier", raw).token(), id); err != nil || who.UserID() != id {
				t.Errorf("%s, %s: %v", f.name, raw, err)
			}
		}
		for raw := range map[string]bool{`"\b"`: true, `"\f"`: true, `"\n"`: true, `"\r"`: true, `"\t"`: true, `"\u0000"`: true, `"\u007f"`: true, `"\u0085"`: true} {
			who, err := v.Verify(t.Context(), f.make().set("TLS.identifier", raw).token(), "alice")
			wantRefusal(t, who, err, usersig.ErrMalformed, "TLS.identifier holds a control character")
		}
	}
}

// TestDuplicateKeys: which one counts depends on the parser, so neither does.
func TestDuplicateKeys(t *testing.T) {
	var attacks []attack
	for _, f := range forgers {
		for _, m := range f.make().members {
			for name, again := range map[string]string{"same": m.name, "escaped": strings.Replace(m.name, "T", `\u0054`, 1), "all escaped": escapeAll(m.name)} {
				first, last := f.make().first(again, m.raw), f.make().add(again, m.raw)
				first.signed, last.signed = f.make().lines(), f.make().lines()
				attacks = append(attacks,
					attack{f.name + "/" + m.name + " " + name + " first", first.token(), usersig.ErrMalformed, "JSON: " + m.name + " a field occurs twice"},
					attack{f.name + "/" + m.name + " " + name + " last", last.token(), usersig.ErrMalformed, "JSON: " + m.name + " a field occurs twice"})
			}
		}
		attacks = append(attacks,
			attack{f.name + "/sig", f.make().add("TLS.sig", `"AAAA"`).token(), usersig.ErrMalformed, "JSON: TLS.sig a field occurs twice"},
			attack{f.name + "/unknown field", f.make().add("x", "1").add("x", "2").token(), usersig.ErrMalformed, "JSON: a field occurs twice"},
			attack{f.name + "/unknown field escaped", f.make().add("x", "1").add(`\u0078`, "1").token(), usersig.ErrMalformed, "JSON: a field occurs twice"},
			attack{f.name + "/userbuf", f.make().add("TLS.userbuf", `""`).add("TLS.userbuf", `""`).token(), usersig.ErrMalformed, "JSON: TLS.userbuf a field occurs twice"},
			attack{f.name + "/null and value", f.make().first("TLS.time", "null").token(), usersig.ErrMalformed, "JSON: TLS.time a field occurs twice"})
	}
	runAttacks(t, verifierOf(t, nil), attacks)
}

func escapeAll(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString(`\u00` + strconv.FormatUint(uint64(c), 16))
	}
	return b.String()
}

// TestFoldedKeys: encoding/json lets "tls.IDENTIFIER" overwrite "TLS.identifier",
// by Unicode's folding too.
func TestFoldedKeys(t *testing.T) {
	var attacks []attack
	for _, f := range forgers {
		for _, name := range []string{"tls.identifier", "TLS.IDENTIFIER", "Tls.Identifier", "TLſ.identifier", `TL\u017f.identifier`} {
			attacks = append(attacks,
				attack{f.name + "/" + name, f.make().add(name, `"admin"`).token(), usersig.ErrMalformed, "JSON: TLS.identifier a field's name is in the wrong case"},
				attack{f.name + "/" + name + " first", f.make().first(name, `"admin"`).token(), usersig.ErrMalformed, "JSON: TLS.identifier a field's name is in the wrong case"})
		}
		for name, of := range map[string]string{
			"TLS.ſig": "TLS.sig", "TLS.SIG": "TLS.sig", "TLS.sdKappid": "TLS.sdkappid", "TLS.sdk_appid\u017f": "", "TLS.sd\u212a_appid": "TLS.sdk_appid",
			"TLS.sd\u212aappid": "TLS.sdkappid", "TLS.uſerbuf": "TLS.userbuf", "tls.ver": "TLS.ver", "tls.time": "TLS.time", "TLS.Version": "TLS.version",
		} {
			if of == "" {
				continue // one letter more is another name
			}
			attacks = append(attacks, attack{f.name + "/" + name, f.make().add(name, `"x"`).token(), usersig.ErrMalformed, "JSON: " + of + " a field's name is in the wrong case"})
		}
	}
	runAttacks(t, verifierOf(t, nil), attacks)
	for _, f := range forgers {
		wantAlice(t, verifierOf(t, nil), f.make().add("TLS.identifierx", `"admin"`).add("identifier", `"admin"`).add("", `""`).token())
	}
}

// oddIntegers are not plain decimals, though one reader or another takes each.
var oddIntegers = []string{
	"0x7f", "0x7fffffff", "1e9", " 7", "7 ", "+7", "007", "00", "7.0", "-7", "-0", "1e400", "", "100abc", "1_000", "１２", "٧", "7,0", "0b1", "0o7", "∞", "7\u00a0",
}

func TestIntegersAreStrict(t *testing.T) {
	var attacks []attack
	for _, f := range forgers {
		proto := f.make()
		for _, name := range []string{proto.app(), "TLS.time", proto.expire()} {
			for _, text := range oddIntegers {
				raw, part := quote(text), "field: "+name+" is not a plain decimal whole number"
				if proto.v2 {
					attacks = append(attacks, attack{f.name + "/" + name + " as text/" + text, f.make().set(name, raw).token(),
						usersig.ErrMalformed, "field: " + name + " has the wrong JSON type"})
					raw = text
					if !map[string]bool{"1e9": true, "7.0": true, "-7": true, "-0": true, "1e400": true, " 7": true, "7 ": true}[text] {
						part = "JSON: syntax error"
					} else if strings.TrimSpace(text) == "7" {
						continue // white space around a number means nothing
					}
				}
				attacks = append(attacks, attack{f.name + "/" + name + "/" + text, f.make().set(name, raw).token(), usersig.ErrMalformed, part})
			}
			for _, text := range []string{"9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "1" + strings.Repeat("0", 400)} {
				raw := text
				if !proto.v2 {
					raw = quote(text)
				}
				attacks = append(attacks, attack{f.name + "/" + name + "/" + text[:19], f.make().set(name, raw).token(), usersig.ErrMalformed, "field: " + name + " is out of range"})
			}
		}
	}
	runAttacks(t, verifierOf(t, nil), attacks)
}

// TestIntegerRanges: no sum and no narrowing may wrap.
func TestIntegerRanges(t *testing.T) {
	v := verifierOf(t, nil)
	var attacks []attack
	for _, f := range forgers {
		add := func(name string, g *forgery, want usersig.Error, part string) {
			attacks = append(attacks, attack{f.name + "/" + name, g.token(), want, part})
		}
		app := f.make().app()
		add("application 2^32", f.make().set(app, f.make().number(1<<32)), usersig.ErrMalformed, app+" is out of range")
		add("application wraps to ours", f.make().set(app, f.make().number(1<<32+testApp)), usersig.ErrMalformed, app+" is out of range")
		add("application 2^32-1", f.make().set(app, f.make().number(1<<32-1)), usersig.ErrAppMismatch, "it says 4294967295, wanted 1400000000")
		add("application 0", f.make().set(app, f.make().number(0)), usersig.ErrAppMismatch, "it says 0")
		expire := f.make().expire()
		add("lifetime overflows", f.make().times(testTime, math.MaxInt64), usersig.ErrMalformed, expire+" is out of range")
		add("sum is 2^63", f.make().times(testTime, math.MaxInt64-testTime+1), usersig.ErrMalformed, expire+" is out of range")
		add("time overflows", f.make().times(math.MaxInt64, 1), usersig.ErrMalformed, expire+" is out of range")
		add("time is the last", f.make().times(math.MaxInt64, 0), usersig.ErrNotYetValid, "")
		add("time is nearly the last", f.make().times(math.MaxInt64-1, 1), usersig.ErrNotYetValid, "")
		add("lifetime 0", f.make().times(testTime, 0), usersig.ErrExpired, "made with a lifetime of 0 seconds")
		add("lifetime 0, just issued", f.make().times(testTime+3600, 0), usersig.ErrExpired, "made with a lifetime of 0 seconds")
		add("time 0", f.make().times(0, 1), usersig.ErrExpired, "it was valid until 1970-01-01T00:00:01Z")

		last := f.make().times(testTime, math.MaxInt64-testTime).token()
		who, err := v.Verify(t.Context(), last, "alice")
		if err != nil || who.ExpiresAt().Year() != 9999 {
			t.Errorf("%s: the longest lifetime: %v, expires %v", f.name, err, who.ExpiresAt())
		}
		wantAlice(t, v, f.make().times(0, math.MaxInt64).token())
	}
	runAttacks(t, v, attacks)
}

func TestUserIDLength(t *testing.T) {
	v := verifierOf(t, nil)
	for _, f := range forgers {
		for _, id := range []string{"a", strings.Repeat("a", 255), strings.Repeat("用", 85)} {
			if who, err := v.Verify(t.Context(), f.make().user(id).token(), id); err != nil || who.UserID() != id {
				t.Errorf("%s, %d bytes: %v", f.name, len(id), err)
			}
		}
		for _, id := range []string{"", strings.Repeat("a", 256), strings.Repeat("用", 85) + "a", strings.Repeat("a", 4000)} {
			who, err := v.Verify(t.Context(), f.make().user(id).token(), id)
			wantRefusal(t, who, err, usersig.ErrMalformed, "field: TLS.identifier is empty or too long")
		}
	}
}

// TestInnerBase64 is as strict as the outer one.
func TestInnerBase64(t *testing.T) {
	v := verifierOf(t, nil)
	var attacks []attack
	for _, f := range forgers {
		sig := strings.Trim(f.make().sigText(), `"`)
		for name, c := range map[string]struct{ raw, part string }{
			"LF":            {quote(sig[:8] + "\n" + sig[8:]), "field: TLS.sig holds a control character"},
			"CRLF":          {quote(sig + "\r\n"), "field: TLS.sig holds a control character"},
			"space":         {quote(sig[:8] + " " + sig[8:]), "inner base64: TLS.sig is not strict base64"},
			"junk":          {quote(sig[:8] + "!" + sig[8:]), "inner base64: TLS.sig is not strict base64"},
			"URL alphabet":  {quote("-_-_"), "inner base64: TLS.sig is not strict base64"},
			"own alphabet":  {quote("*-AA"), "inner base64: TLS.sig is not strict base64"},
			"no padding":    {quote("QQ"), "inner base64: TLS.sig is not strict base64"},
			"more padding":  {quote("QQ==="), "inner base64: TLS.sig is not strict base64"},
			"unused bits":   {quote("QR=="), "inner base64: TLS.sig is not strict base64"},
			"unused bits 1": {quote("QUJ="), "inner base64: TLS.sig is not strict base64"},
			"too long":      {quote(strings.Repeat("A", 216)), "field: TLS.sig is empty or too long"},
			"not ASCII":     {quote("é"), "inner base64: TLS.sig is not strict base64"},
		} {
			forged := f.make()
			forged.rawSig = c.raw
			attacks = append(attacks, attack{f.name + "/" + name, forged.token(), usersig.ErrMalformed, c.part})
		}
		for name, c := range map[string]struct{ raw, part string }{
			"userbuf with LF":          {quote("QUJD\n"), "field: TLS.userbuf holds a control character"},
			"userbuf of junk":          {quote("!"), "inner base64: TLS.userbuf is not strict base64"},
			"userbuf with unused bits": {quote("QR=="), "inner base64: TLS.userbuf is not strict base64"},
			"userbuf of 1025 bytes":    {quote(base64Of(1025)), "field: TLS.userbuf is empty or too long"},
			"userbuf of 1026 bytes":    {quote(base64Of(1026)), "field: TLS.userbuf is empty or too long"},
			"userbuf of 4000 bytes":    {quote(base64Of(4000)), "field: TLS.userbuf is empty or too long"},
		} {
			attacks = append(attacks, attack{f.name + "/" + name, f.make().set("TLS.userbuf", c.raw).token(), usersig.ErrMalformed, c.part})
		}
		who, err := v.VerifyUserBuf(t.Context(), f.make().set("TLS.userbuf", quote(base64Of(1024))).token(), "alice")
		if err != nil || len(who.UserBuf()) != 1024 {
			t.Errorf("%s: 1024 bytes: %v", f.name, err)
		}
	}
	runAttacks(t, v, attacks)
}
