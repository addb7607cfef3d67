package wire

import (
	"strings"
	"testing"
)

// TestEveryFault reaches every fault of every layer.
func TestEveryFault(t *testing.T) {
	in1 := func(old, with string) string { return pack(strings.Replace(good1, old, with, 1)) }
	in2 := func(old, with string) string { return pack(strings.Replace(good2, old, with, 1)) }
	last := pack(good1)
	for name, c := range map[string]struct {
		token string
		fault Fault
		field string
	}{
		"too long":               {strings.Repeat("A", MaxToken+1), TooLong, ""},
		"white space":            {last[:8] + "\n" + last[8:], WhiteSpace, ""},
		"white space instead":    {last[:8] + " " + last[9:], WhiteSpace, ""},
		"alphabet":               {last[:8] + "." + last[9:], Alphabet, ""},
		"mixed alphabets":        {"eJ*+", MixedAlphabets, ""},
		"mixed padding":          {"eA_=", MixedAlphabets, ""},
		"empty":                  {"", NoPadding, ""},
		"no padding":             {last + "A", NoPadding, ""},
		"padding inside":         {"eA__" + last, Base64, ""},
		"unused bits of one":     {"AAB_", Base64, ""},
		"unused bits of two":     {"AB__", Base64, ""},
		"padding first":          {"____", Base64, ""},
		"padding third only":     {"AA_A", Base64, ""},
		"header":                 {"AAAA", ZlibHeader, ""},
		"truncated":              {last[:40], ZlibTruncated, ""},
		"not an object":          {pack("[]"), NotObject, ""},
		"text after":             {pack("{}x"), JSONTrailing, ""},
		"bad member":             {pack(`{x}`), JSONSyntax, ""},
		"no colon":               {pack(`{"x" 1}`), JSONSyntax, ""},
		"no comma":               {pack(`{"x":1 "y":2}`), JSONSyntax, ""},
		"bad value":              {pack(`{"x":x}`), JSONSyntax, ""},
		"minus only":             {pack(`{"x":-}`), JSONSyntax, ""},
		"point only":             {pack(`{"x":1.}`), JSONSyntax, ""},
		"exponent only":          {pack(`{"x":1e+}`), JSONSyntax, ""},
		"string cut":             {pack(`{"x`), JSONSyntax, ""},
		"string cut after other": {pack(`{"é`), JSONSyntax, ""},
		"control in a string":    {pack("{\"x\x01\":1}"), JSONSyntax, ""},
		"bad escape":             {pack(`{"\x":1}`), JSONSyntax, ""},
		"bad hexadecimal":        {pack(`{"\u00g0":1}`), JSONSyntax, ""},
		"half a pair":            {pack(`{"\ud800":1}`), JSONText, ""},
		"other half":             {pack(`{"\udc00":1}`), JSONText, ""},
		"two first halves":       {pack(`{"\ud800\ud800":1}`), JSONText, ""},
		"not UTF-8":              {pack("{\"\xff\":1}"), JSONText, ""},
		"nested cut":             {pack(`{"x":[`), JSONSyntax, ""},
		"nested without name":    {pack(`{"x":{1:2}}`), JSONSyntax, ""},
		"nested without colon":   {pack(`{"x":{"a",1}}`), JSONSyntax, ""},
		"nested without comma":   {pack(`{"x":[1;2]}`), JSONSyntax, ""},
		"depth":                  {pack(`{"x":[[[[[[[[[0]]]]]]]]]}`), JSONSize, ""},
		"members":                {pack("{" + members(33) + "}"), JSONSize, ""},
		"twice":                  {pack(`{"TLS.ver":1,"TLS.ver":1}`), JSONDuplicate, "TLS.ver"},
		"unknown twice":          {pack(`{"x":1,"\u0078":1}`), JSONDuplicate, ""},
		"case":                   {pack(`{"TLſ.ver":1}`), JSONCase, "TLS.ver"},
		"missing":                {in1(`"TLS.time":"1795426000",`, ""), FieldMissing, "TLS.time"},
		"account_type missing":   {in1(`"TLS.account_type":"0",`, ""), FieldMissing, "TLS.account_type"},
		"type":                   {in1(`"1795426000"`, "1795426000"), FieldType, "TLS.time"},
		"third of another type":  {in1(`at_3rd":"0"`, `at_3rd":0`), FieldType, "TLS.appid_at_3rd"},
		"version's type":         {in2(`"2.0"`, "2.0"), FieldType, "TLS.ver"},
		"version":                {in2("2.0", "3.0"), FieldVersion, "TLS.ver"},
		"leading zero":           {in1(`"1795426000"`, `"01795426000"`), FieldInteger, "TLS.time"},
		"no digits":              {in1(`"86400"`, `""`), FieldInteger, "TLS.expire_after"},
		"a fraction":             {in2("86400", "86400.0"), FieldInteger, "TLS.expire"},
		"range":                  {in2("86400", "9223372036854775808"), FieldRange, "TLS.expire"},
		"sum":                    {in2("86400", "9223372036854775807"), FieldRange, "TLS.expire"},
		"application":            {in2("1400000000", "4294967296"), FieldRange, "TLS.sdkappid"},
		"application's type":     {in2("1400000000", `"1400000000"`), FieldType, "TLS.sdkappid"},
		"control":                {in1("alice", `al\u007fice`), FieldControl, "TLS.identifier"},
		"no user":                {in1("alice", ""), FieldLength, "TLS.identifier"},
		"long user":              {in1("alice", strings.Repeat("a", 256)), FieldLength, "TLS.identifier"},
		"user missing":           {in1(`"TLS.identifier":"alice",`, ""), FieldMissing, "TLS.identifier"},
		"no signature":           {in1("QUJD", ""), FieldLength, "TLS.sig"},
		"long signature":         {in1("QUJD", strings.Repeat("A", 216)), FieldLength, "TLS.sig"},
		"signature's base64":     {in1("QUJD", "QUJ"), InnerBase64, "TLS.sig"},
		"buffer's base64":        {in1("{", `{"TLS.userbuf":"Q",`), InnerBase64, "TLS.userbuf"},
		"buffer too long":        {in1("{", `{"TLS.userbuf":"`+strings.Repeat("AAAA", 342)+`",`), FieldLength, "TLS.userbuf"},
		"bad escape of a name":   {pack(`{"\`), JSONSyntax, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := new(Decoder).Decode(c.token)
			e, ok := err.(*Error)
			if f != nil || !ok || e.Fault != c.fault || e.Field != c.field {
				t.Errorf("%v, %v, want %s %v", f, err, c.field, c.fault)
			}
		})
	}
}

// members returns n members with names of their own.
func members(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = `"` + strings.Repeat("x", i+1) + `":0`
	}
	return strings.Join(all, ",")
}

// TestEscapes decodes every escape, in a field that is signed.
func TestEscapes(t *testing.T) {
	for raw, want := range map[string]string{
		`\"\\\/`: `"\/`, `\u0041\u00e9\u7528`: "Aé用", `\uD83D\uDE00`: "😀", `a\ud83d\ude00b`: "a😀b", `\u00EF`: "ï",
	} {
		_, f := decoded(t, pack(strings.Replace(good1, "alice", raw, 1)))
		if string(f.UserID) != want {
			t.Errorf("%s: %q, want %q", raw, f.UserID, want)
		}
	}
	// These are control characters, which neither a name nor a value may hold.
	for _, raw := range []string{`\b`, `\f`, `\n`, `\r`, `\t`, `\u0000`, `\u001b`, `\u007f`, `\u0085`, "\u009b"} {
		for what, token := range map[string]string{
			JSONName.String(): pack(strings.Replace(good1, "{", `{"x`+raw+`":1,`, 1)), FieldControl.String(): pack(strings.Replace(good1, "alice", raw, 1)),
		} {
			if f, err := new(Decoder).Decode(token); f != nil || err == nil || err.(*Error).Fault.String() != what {
				t.Errorf("%q: %v, want %s", raw, err, what)
			}
		}
	}
}

// TestCheckText: what can be said of a text before it is decoded.
func TestCheckText(t *testing.T) {
	good := pack(good1)
	for token, want := range map[string]Fault{
		good: 0, "AAAA": 0, "": 0, strings.Repeat("A", MaxToken): 0, "*-A_": 0, "+/A=": 0,
		strings.Repeat("A", MaxToken+1): TooLong, "AAA": NoPadding, "AA A": WhiteSpace, "A\n": WhiteSpace, "A.AA": Alphabet, "A\x00": Alphabet, "*+AA": MixedAlphabets, "-=A": MixedAlphabets,
	} {
		err := CheckText(token)
		if e, ok := err.(*Error); (want == 0) != (err == nil) || ok && e.Fault != want {
			t.Errorf("%.20q: %v, want %v", token, err, want)
		}
	}
}
