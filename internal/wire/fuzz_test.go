package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
)

// seedTokens adds the tokens of the vectors: what real issuers write, and what
// attackers do.
func seedTokens(f *testing.F) {
	for _, token := range issued(f) {
		f.Add(token)
	}
	f.Add(pack(good1))
	f.Add(pack(good2))
}

// FuzzDecode: an error is an *Error and comes alone. What is read can be written
// and read again, and is then the same; and reading twice gives the same.
func FuzzDecode(f *testing.F) {
	seedTokens(f)
	f.Fuzz(func(t *testing.T, token string) {
		d := new(Decoder)
		got, err := d.Decode(token)
		if err != nil {
			e, ok := err.(*Error)
			if got != nil || !ok || e.Fault == 0 || e.Error() == "" {
				t.Fatalf("%v along with %v (%T)", got, err, err)
			}
			return
		}
		other := new(Decoder)
		if _, err := other.Decode(pack(good1)); err != nil {
			t.Fatal(err)
		}
		again, err := other.Decode(token)
		if err != nil || !reflect.DeepEqual(got, again) || !reflect.DeepEqual(d.Unsigned(), other.Unsigned()) {
			t.Fatalf("read twice:\n%+v\n%+v, %v", got, again, err)
		}
		if !ValidText(got.UserID) || len(got.UserID) == 0 || len(got.UserID) > MaxUserID || got.Time < 0 || got.Expire < 0 ||
			got.ExpiresAt() < 0 || len(got.UserBuf) > MaxUserBuf || len(got.Sig) == 0 {
			t.Fatalf("out of range: %+v", got)
		}
		if lines := bytes.Count(got.AppendSigned(nil), []byte("\n")); lines > 7 || lines < 4 {
			t.Fatalf("%d signed lines", lines)
		}
		for _, compress := range []bool{false, true} {
			checkRewritten(t, got, compress)
		}
	})
}

func checkRewritten(t *testing.T, got *Fields, compress bool) {
	t.Helper()
	var e Encoder
	buf := got.UserBuf
	if got.HasUserBuf && buf == nil {
		buf = []byte{}
	}
	c := e.Claims(got.AppID, got.UserID, got.Time, got.Expire, buf)
	token := string(e.Append(nil, got.Scheme, &c, got.Sig, compress))
	again, err := new(Decoder).Decode(token)
	if err != nil {
		t.Fatalf("cannot read what was written: %v", err)
	}
	if again.Scheme != got.Scheme || again.AppID != got.AppID || !bytes.Equal(again.UserID, got.UserID) || again.Time != got.Time ||
		again.Expire != got.Expire || again.HasUserBuf != got.HasUserBuf || !bytes.Equal(again.UserBuf, got.UserBuf) ||
		!bytes.Equal(again.Sig, got.Sig) || again.Compressed != compress {
		t.Fatalf("changed by writing:\n%+v\n%+v", got, again)
	}
	// Two signed fields of version 1 are always written as "0".
	if got.Scheme == V1 && (got.text.noThird || string(got.text.thirdParty) != "0" || string(got.text.accountType) != "0") {
		return
	}
	if a, b := got.AppendSigned(nil), again.AppendSigned(nil); !bytes.Equal(a, b) {
		t.Fatalf("signed bytes changed by writing:\n%q\n%q", a, b)
	}
}

// FuzzObject compares the JSON reader with encoding/json. What ours takes the
// other takes, with the same values; what ours calls a syntax error is one.
func FuzzObject(f *testing.F) {
	d := new(Decoder)
	for _, token := range issued(f) {
		if text, err := d.Text(token); err == nil {
			f.Add(text)
		}
	}
	for _, s := range []string{good1, good2, `{"a":[1,-0.5e+7,{"b":null}],"\u00e9":"\ud83d\ude00"}`, "{}", " {\"x\" : \"\\/\\b\"}\n", `{"TLS.ver":[true,false]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var o object
		err := o.parse(bytes.Clone(text))
		want := map[string]any{}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		stdErr := dec.Decode(&want)
		if _, end := dec.Token(); stdErr == nil && end != io.EOF {
			stdErr = io.ErrNoProgress
		}
		if err != nil {
			fault := err.(*Error).Fault
			if (fault == JSONSyntax || fault == JSONTrailing) && stdErr == nil {
				t.Fatalf("%q is refused with %v, and is JSON", text, err)
			}
			return
		}
		if stdErr != nil || o.n != len(want) {
			t.Fatalf("%q: %v, %d members, want %d", text, stdErr, o.n, len(want))
		}
		for _, m := range o.members[:o.n] {
			if _, ok := want[string(m.name)]; !ok {
				t.Fatalf("%q: no member %q", text, m.name)
			}
		}
		for f, v := range o.values {
			checkValue(t, v, want[names[f]])
		}
	})
}

func checkValue(t *testing.T, v value, want any) {
	t.Helper()
	var ok bool
	switch w := want.(type) {
	case string:
		ok = v.kind == str && string(v.text) == w && (!v.plain || isPlain(w))
	case json.Number:
		ok = v.kind == number && string(v.text) == w.String()
	case nil:
		ok = v.kind == absent || v.kind == other
	default:
		ok = v.kind == other
	}
	if !ok {
		t.Fatalf("%q of kind %d, want %v", v.text, v.kind, want)
	}
}

// isPlain reports whether s is printable ASCII that JSON may write as it is.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
}

// FuzzTicket: what is read as a ticket is written in the same bytes again.
func FuzzTicket(f *testing.F) {
	d := new(Decoder)
	for _, token := range issued(f) {
		if fields, err := d.Decode(token); err == nil && fields.HasUserBuf {
			f.Add(bytes.Clone(fields.UserBuf))
		}
	}
	f.Add(AppendTicket(nil, &Ticket{UserID: []byte("alice"), RoomID: 7}))
	f.Add(AppendTicket(nil, &Ticket{UserID: []byte("alice"), RoomName: []byte("lobby")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		ticket, ok := ParseTicket(b)
		if !bytes.Equal(b, before) {
			t.Fatal("reading changed the bytes")
		}
		if !ok {
			if !reflect.DeepEqual(ticket, Ticket{}) {
				t.Fatalf("no ticket, and yet %+v", ticket)
			}
			return
		}
		if again := AppendTicket(nil, &ticket); !bytes.Equal(again, b) {
			t.Fatalf("%x is written as %x", b, again)
		}
		if len(ticket.RoomName) > 0 && (ticket.RoomID != 0 || !ValidText(ticket.RoomName)) {
			t.Fatalf("%+v", ticket)
		}
	})
}

// The two alphabets by the standard library, in its strict mode.
var (
	ours  = base64.NewEncoding(alphabet).WithPadding('_').Strict()
	plain = base64.StdEncoding.Strict()
)

// FuzzBase64 compares both directions with encoding/base64.
func FuzzBase64(f *testing.F) {
	seedTokens(f)
	for _, s := range []string{"", "A", "AA__", "AB__", "AAA_", "AAB_", "AA==", "AA_=", "A A=", "*-*-", "+/+/", "*+*+", "AAAA____", "____", "AA\nA", "AAAA\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > MaxToken {
			s = s[:MaxToken]
		}
		encoded := string(outer.append([]byte("x"), []byte(s)))
		if encoded != "x"+ours.EncodeToString([]byte(s)) {
			t.Fatalf("%q encodes as %q", s, encoded[1:])
		}
		if got := string(inner.append([]byte("x"), []byte(s))); got != "x"+plain.EncodeToString([]byte(s)) {
			t.Fatalf("%q encodes in the standard alphabet as %q", s, got[1:])
		}
		var room [MaxToken * 2]byte
		if s != "" {
			if back, err := decode64(room[:], encoded[1:]); err != nil || string(back) != s {
				t.Fatalf("%q comes back as %q, %v", s, back, err)
			}
		}
		got, err := decode64(room[:MaxToken/4*3], s)
		want, stdErr := ours.DecodeString(s)
		if stdErr != nil {
			want, stdErr = plain.DecodeString(s)
		}
		// The standard library skips line breaks even when strict.
		if stdErr == nil && (s == "" || strings.ContainsAny(s, "\r\n")) {
			stdErr = io.ErrNoProgress
		}
		if (err == nil) != (stdErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%q: %x, %v, want %x, %v", s, got, err, want, stdErr)
		}
	})
}
