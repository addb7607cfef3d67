package gate

import (
	"errors"
	"strings"
	"testing"

	"usersig"
)

func TestCredential(t *testing.T) {
	for _, c := range []Credential{
		{App: 1400000000, UserID: "alice", Room: usersig.Room{ID: 123}, UserSig: "eJw*"},
		{App: 1, UserID: "张三", Room: usersig.Room{Name: "大厅 / 1.2"}, UserSig: "a-b_c*", PrivateMapKey: "eJy-"},
		{App: 4294967295, UserID: `a b/c+"d"`, Room: usersig.Room{ID: 4294967294}, UserSig: "x"},
	} {
		got, err := ParseCredential(c.String())
		if err != nil || got != c {
			t.Errorf("%q: %+v, %v", c.String(), got, err)
		}
	}
}

func TestNoCredential(t *testing.T) {
	good := Credential{App: 1400000000, UserID: "alice", Room: usersig.Room{ID: 123}, UserSig: "eJw"}.String()
	for name, text := range map[string]string{
		"a token of LiveKit's":  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln",
		"another version":       "us2" + good[3:],
		"too many parts":        good + ".a.b",
		"too few":               "us1.1400000000.YWxpY2U.n123",
		"number with a sign":    strings.Replace(good, ".1400000000.", ".+1400000000.", 1),
		"number with a zero":    strings.Replace(good, ".1400000000.", ".01400000000.", 1),
		"number too large":      strings.Replace(good, ".1400000000.", ".4294967296.", 1),
		"user with padding":     strings.Replace(good, ".YWxpY2U.", ".YWxpY2U=.", 1),
		"user in another text":  strings.Replace(good, ".YWxpY2U.", ".YWxpY2V.", 1),
		"user of 256 bytes":     strings.Replace(good, ".YWxpY2U.", "."+text64.EncodeToString([]byte(strings.Repeat("a", 256)))+".", 1),
		"user with a control":   strings.Replace(good, ".YWxpY2U.", "."+text64.EncodeToString([]byte("a\x01"))+".", 1),
		"user that is no UTF-8": strings.Replace(good, ".YWxpY2U.", "."+text64.EncodeToString([]byte("\xff"))+".", 1),
		"room 0":                strings.Replace(good, ".n123.", ".n0.", 1),
		"room with a zero":      strings.Replace(good, ".n123.", ".n0123.", 1),
		"room of no kind":       strings.Replace(good, ".n123.", ".123.", 1),
		"the last room number":  strings.Replace(good, ".n123.", ".n4294967295.", 1),
		"room with no name":     strings.Replace(good, ".n123.", ".s.", 1),
		"room with a control":   strings.Replace(good, ".n123.", ".s"+text64.EncodeToString([]byte("a\nb"))+".", 1),
		"room that is no UTF-8": strings.Replace(good, ".n123.", ".s"+text64.EncodeToString([]byte("\xff"))+".", 1),
		"room of 65 bytes":      strings.Replace(good, ".n123.", ".s"+text64.EncodeToString(make([]byte, 65))+".", 1),
		"a line break":          strings.Replace(good, ".YWxpY2U.", ".YWxp\nY2U.", 1),
		"an empty last part":    good + ".",
		"too long":              good + strings.Repeat("a", 20<<10),
	} {
		if c, err := ParseCredential(text); !errors.Is(err, usersig.ErrMalformed) || c != (Credential{}) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if _, err := ParseCredential(""); !errors.Is(err, usersig.ErrEmpty) {
		t.Errorf("nothing: %v", err)
	}
}

// FuzzCredential: what is read is written the same, so that a credential has one text.
func FuzzCredential(f *testing.F) {
	f.Add("us1.1400000000.YWxpY2U.n123.eJw")
	f.Add("us1.1.5byg5LiJ.sYQ.eJw.eJy")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := ParseCredential(text); err == nil && c.String() != text {
			t.Errorf("%q became %q", text, c.String())
		}
	})
}
