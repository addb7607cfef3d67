package wire

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usersig/internal/inflate"
)

// pack wraps JSON text into a token, by the standard library's means.
func pack(text string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(b.Bytes()))
}

const (
	good1 = `{"TLS.account_type":"0","TLS.identifier":"alice","TLS.appid_at_3rd":"0","TLS.sdk_appid":"1400000000","TLS.expire_after":"86400","TLS.version":"201512300000","TLS.time":"1795426000","TLS.sig":"QUJD"}`
	good2 = `{"TLS.ver":"2.0","TLS.identifier":"alice","TLS.sdkappid":1400000000,"TLS.expire":86400,"TLS.time":1795426000,"TLS.sig":"QUJD"}`
)

// issued returns the tokens of the vectors of both kinds, as seeds.
func issued(t testing.TB) (tokens []string) {
	t.Helper()
	for _, name := range []string{"issued.json", "hostile.json"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "vectors", name))
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Vectors []struct{ Token string } }
		if err := json.Unmarshal(data, &file); err != nil || len(file.Vectors) == 0 {
			t.Fatalf("%s: %v, %d vectors", name, err, len(file.Vectors))
		}
		for _, v := range file.Vectors {
			tokens = append(tokens, v.Token)
		}
	}
	return tokens
}

func decoded(t testing.TB, token string) (*Decoder, *Fields) {
	t.Helper()
	d := new(Decoder)
	f, err := d.Decode(token)
	if err != nil {
		t.Fatal(err)
	}
	return d, f
}

func TestDecode(t *testing.T) {
	lines1 := "TLS.account_type:0\nTLS.identifier:alice\nTLS.sdk_appid:1400000000\nTLS.time:1795426000\nTLS.expire_after:86400\n"
	lines2 := "TLS.identifier:alice\nTLS.sdkappid:1400000000\nTLS.time:1795426000\nTLS.expire:86400\n"
	for name, c := range map[string]struct {
		text, signed, unsigned string
		scheme                 Scheme
		buf                    []byte
	}{
		"v1":                   {good1, "TLS.appid_at_3rd:0\n" + lines1, "TLS.version", V1, nil},
		"v1 without third":     {strings.Replace(good1, `"TLS.appid_at_3rd":"0",`, "", 1), lines1, "TLS.version", V1, nil},
		"v1 with empty third":  {strings.Replace(good1, `at_3rd":"0"`, `at_3rd":""`, 1), "TLS.appid_at_3rd:\n" + lines1, "TLS.version", V1, nil},
		"v1 with buffer":       {strings.Replace(good1, "{", `{"TLS.userbuf":"aGVsbG8=",`, 1), "TLS.appid_at_3rd:0\n" + lines1 + "TLS.userbuf:aGVsbG8=\n", "TLS.version", V1, []byte("hello")},
		"v2":                   {good2, lines2, "TLS.ver", V2, nil},
		"v2 with empty buffer": {strings.Replace(good2, "{", `{"TLS.userbuf":"",`, 1), lines2 + "TLS.userbuf:\n", "TLS.ver", V2, []byte{}},
		"v2 with more":         {strings.Replace(good2, "{", `{"a":[{"b":[]},{},"",-1.5e+2,true,false,null],"TLS.expire_after":"1",`, 1), lines2, "a TLS.expire_after TLS.ver", V2, nil},
		"spaces":               {" \t\r\n" + strings.NewReplacer(":", " : ", ",", "\n,\t").Replace(good2) + "\r\n", lines2, "TLS.ver", V2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := c.text
			d, f := decoded(t, pack(text))
			if f.Scheme != c.scheme || f.AppID != 1400000000 || string(f.UserID) != "alice" || f.Time != 1795426000 || f.Expire != 86400 ||
				string(f.Sig) != "ABC" || !f.Compressed || f.ExpiresAt() != 1795426000+86400 {
				t.Errorf("fields %+v", f)
			}
			if f.HasUserBuf != (c.buf != nil) || !bytes.Equal(f.UserBuf, c.buf) {
				t.Errorf("user buffer %x, %t", f.UserBuf, f.HasUserBuf)
			}
			if got := string(f.AppendSigned([]byte("x"))); got != "x"+c.signed {
				t.Errorf("signed %q, want %q", got[1:], c.signed)
			}
			if got := strings.Join(d.Unsigned(), " "); got != c.unsigned {
				t.Errorf("unsigned %s, want %s", got, c.unsigned)
			}
			if got, want := string(f.SignedFor("bob")), strings.Replace(c.signed, "alice", "bob", 1); got != want {
				t.Errorf("signed for bob %q, want %q", got, want)
			}
			want := c.signed
			if c.scheme == V1 {
				_, want, _ = strings.Cut("\n"+want, "\nTLS.account_type")
				want = "TLS.account_type" + want
			}
			if got := string(f.SignedWithoutThird()); got != want {
				t.Errorf("signed without third %q, want %q", got, want)
			}
			if got := string(f.AppendSigned(nil)); got != c.signed {
				t.Errorf("the variants changed the fields: %q", got)
			}
			if got, err := d.Text(pack(text)); err != nil || string(got) != text {
				t.Errorf("text %q, %v", got, err)
			}
		})
	}
}

func TestTextRefuses(t *testing.T) {
	var d Decoder
	for token, want := range map[string]Fault{"": NoPadding, "!": Alphabet, "AAAA": ZlibHeader} {
		if text, err := d.Text(token); text != nil || err == nil || err.(*Error).Fault != want {
			t.Errorf("%q: %q, %v, want %v", token, text, err, want)
		}
	}
}

// TestZlibFaults: each fault of the inflater has its own here.
func TestZlibFaults(t *testing.T) {
	for in, want := range map[inflate.Fault]Fault{
		inflate.Header: ZlibHeader, inflate.Dictionary: ZlibHeader, inflate.Truncated: ZlibTruncated, inflate.Corrupt: ZlibCorrupt,
		inflate.TooLong: ZlibTooLong, inflate.Checksum: ZlibChecksum, inflate.Trailing: ZlibTrailing,
	} {
		if got := zlibFault(in); got != want {
			t.Errorf("%v: %v, want %v", in, got, want)
		}
	}
}

// TestFaults: each has a text and a layer, and no two have the same.
func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Faults() {
		if f.String() == "" || seen[f.String()] || f.Layer().String() == "" {
			t.Errorf("%d: %q in layer %q", f, f, f.Layer())
		}
		seen[f.String()] = true
	}
	if e := (&Error{FieldMissing, "TLS.sig"}); e.Error() != "TLS.sig is missing" {
		t.Error(e)
	}
	if e := (&Error{Fault: NotObject}); e.Error() != "not a JSON object" {
		t.Error(e)
	}
}

// TestDecodeForgets: nothing of one token is left for the next.
func TestDecodeForgets(t *testing.T) {
	d := new(Decoder)
	full := strings.Replace(good1, "{", `{"TLS.userbuf":"aGVsbG8=","x":1,`, 1)
	if _, err := d.Decode(pack(full)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text  string
		fault Fault
		field string
	}{
		"empty": {"{}", FieldMissing, "TLS.account_type"}, "no user": {strings.Replace(good2, `"TLS.identifier":"alice",`, "", 1), FieldMissing, "TLS.identifier"},
		"no sig": {strings.Replace(good2, `,"TLS.sig":"QUJD"`, "", 1), FieldMissing, "TLS.sig"}, "junk": {"[]", NotObject, ""},
	} {
		f, err := d.Decode(pack(c.text))
		e, ok := err.(*Error)
		if f != nil || !ok || e.Fault != c.fault || e.Field != c.field {
			t.Errorf("%s: %v, %v, want %s %v", name, f, err, c.field, c.fault)
		}
	}
	f, err := d.Decode(pack(good2))
	if err != nil || f.HasUserBuf || f.UserBuf != nil || strings.Join(d.Unsigned(), " ") != "TLS.ver" {
		t.Errorf("%+v, %v, %v", f, err, d.Unsigned())
	}
}

// TestSlicesStopWhereTheyEnd: appending to what a token says must not write over
// what else it says.
func TestSlicesStopWhereTheyEnd(t *testing.T) {
	_, f := decoded(t, pack(strings.Replace(good1, "{", `{"TLS.userbuf":"aGVsbG8=",`, 1)))
	for name, s := range map[string][]byte{"signature": f.Sig, "user buffer": f.UserBuf} {
		if cap(s) != len(s) {
			t.Errorf("%s: %d bytes, room for %d", name, len(s), cap(s))
		}
	}
}

// TestEncode holds what is written to the bytes that others write.
func TestEncode(t *testing.T) {
	for name, c := range map[string]struct {
		scheme Scheme
		user   string
		buf    []byte
		want   string
	}{
		"v1":             {V1, "alice", nil, good1},
		"v2":             {V2, "alice", nil, good2},
		"v1 with buffer": {V1, "alice", []byte("hello"), strings.Replace(good1, `,"TLS.sig"`, `,"TLS.userbuf":"aGVsbG8=","TLS.sig"`, 1)},
		"v2 with buffer": {V2, "alice", []byte{}, strings.Replace(good2, `,"TLS.sig"`, `,"TLS.userbuf":"","TLS.sig"`, 1)},
		"v1 escaped":     {V1, `a"\b`, nil, strings.Replace(good1, "alice", `a\"\\b`, 1)},
		"v2 Chinese":     {V2, "用户/甲<", nil, strings.Replace(good2, "alice", "用户/甲<", 1)},
	} {
		for _, compress := range []bool{false, true} {
			var e Encoder
			for range 2 { // the second time with used buffers
				claims := e.Claims(1400000000, []byte(c.user), 1795426000, 86400, c.buf)
				token := string(e.Append([]byte("t="), c.scheme, &claims, []byte("ABC"), compress))
				token, ok := strings.CutPrefix(token, "t=")
				_, f := decoded(t, token)
				text, err := new(Decoder).Text(token)
				if !ok || err != nil || string(text) != c.want || f.Compressed != compress || string(f.UserID) != c.user {
					t.Errorf("%s, compress=%t: %s, %v, want %s", name, compress, text, err, c.want)
				}
				if got, want := string(f.AppendSigned(nil)), string(claims.AppendSigned(nil, c.scheme)); got != want {
					t.Errorf("%s: what was signed reads as %q, want %q", name, got, want)
				}
			}
		}
	}
}

func TestValidText(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "alice": true, "用户": true, "\u00a0": true, "é": true, "😀": true, "~": true,
		"\x00": false, "\x1f": false, "\x7f": false, "\u0080": false, "\u009f": false, "\xff": false, "\xc2": false, "a\xc2": false, "\xed\xa0\x80": false,
	} {
		if got := ValidText([]byte(s)); got != want {
			t.Errorf("%q: %t", s, got)
		}
	}
}
