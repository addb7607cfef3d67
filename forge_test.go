package usersig_test

import (
	"bytes"
	"compress/zlib"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// forgery is a token in the making. It shares nothing with the code under test:
// what is signed and how it is wrapped is written out here once more, and any of
// it can be spoilt.
type forgery struct {
	v2      bool
	members []member // of the JSON object, in order; names may repeat
	sign    func(message []byte) []byte
	signed  string // what to sign, if not what the members spell
	rawSig  string // the JSON of TLS.sig, if not a good signature's
	wrap    func(text []byte) string
}

// member is a name and the JSON of its value, both as they are to be written.
type member struct{ name, raw string }

// forge1 returns a good version 1 token of alice.
func forge1(key crypto.Signer) *forgery {
	return &forgery{sign: ecdsaWith(key), wrap: wrapped, members: []member{
		{"TLS.account_type", `"0"`}, {"TLS.identifier", `"alice"`}, {"TLS.appid_at_3rd", `"0"`},
		{"TLS.sdk_appid", `"1400000000"`}, {"TLS.expire_after", `"86400"`},
		{"TLS.version", `"201512300000"`}, {"TLS.time", `"1795426000"`},
	}}
}

// forge2 returns a good version 2 token of alice.
func forge2(secret string) *forgery {
	return &forgery{v2: true, sign: hmacWith([]byte(secret)), wrap: wrapped, members: []member{
		{"TLS.ver", `"2.0"`}, {"TLS.identifier", `"alice"`}, {"TLS.sdkappid", "1400000000"},
		{"TLS.expire", "86400"}, {"TLS.time", "1795426000"},
	}}
}

// forgers are the makers of good tokens that most attacks start from.
var forgers = []struct {
	name string
	make func() *forgery
}{
	{"v1", func() *forgery { return forge1(keyP256) }},
	{"v1 secp256k1", func() *forgery { return forge1(keyK256) }},
	{"v2", func() *forgery { return forge2(testSecret) }},
}

// ecdsaWith signs with key, and on P-256 always in the same way (RFC 6979).
func ecdsaWith(key crypto.Signer) func([]byte) []byte {
	return func(message []byte) []byte {
		digest := sha256.Sum256(message)
		sig, err := key.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			panic(err)
		}
		return sig
	}
}

func hmacWith(key []byte) func([]byte) []byte {
	return func(message []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(message)
		return m.Sum(nil)
	}
}

// name returns what a field is called in the forgery's version.
func (f *forgery) name(v1, v2 string) string {
	if f.v2 {
		return v2
	}
	return v1
}

func (f *forgery) app() string    { return f.name("TLS.sdk_appid", "TLS.sdkappid") }
func (f *forgery) expire() string { return f.name("TLS.expire_after", "TLS.expire") }

// number returns n as the forgery's version writes it.
func (f *forgery) number(n int64) string {
	if f.v2 {
		return strconv.FormatInt(n, 10)
	}
	return `"` + strconv.FormatInt(n, 10) + `"`
}

// set writes raw as the value of name, in its place if it has one.
func (f *forgery) set(name, raw string) *forgery {
	for i := range f.members {
		if f.members[i].name == name {
			f.members[i].raw = raw
			return f
		}
	}
	return f.add(name, raw)
}

func (f *forgery) add(name, raw string) *forgery {
	f.members = append(f.members, member{name, raw})
	return f
}

// first writes a member before all others.
func (f *forgery) first(name, raw string) *forgery {
	f.members = slices.Insert(f.members, 0, member{name, raw})
	return f
}

func (f *forgery) drop(name string) *forgery {
	f.members = slices.DeleteFunc(f.members, func(m member) bool { return m.name == name })
	return f
}

func (f *forgery) user(id string) *forgery { return f.set("TLS.identifier", quote(id)) }

func (f *forgery) userBuf(buf []byte) *forgery {
	return f.set("TLS.userbuf", quote(base64.StdEncoding.EncodeToString(buf)))
}

// times writes the second of issue and the lifetime.
func (f *forgery) times(issued, ttl int64) *forgery {
	return f.set("TLS.time", f.number(issued)).set(f.expire(), f.number(ttl))
}

func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// lines returns the bytes that a verifier would have the signature cover: a lax
// one, that takes any value for what it reads as.
func (f *forgery) lines() string {
	if f.signed != "" {
		return f.signed
	}
	names := []string{"TLS.appid_at_3rd", "TLS.account_type", "TLS.identifier", "TLS.sdk_appid", "TLS.time", "TLS.expire_after", "TLS.userbuf"}
	if f.v2 {
		names = []string{"TLS.identifier", "TLS.sdkappid", "TLS.time", "TLS.expire", "TLS.userbuf"}
	}
	var b strings.Builder
	for _, name := range names {
		if i := slices.IndexFunc(f.members, func(m member) bool { return m.name == name }); i >= 0 {
			value := f.members[i].raw
			var s string
			if json.Unmarshal([]byte(value), &s) == nil {
				value = s
			}
			b.WriteString(name + ":" + value + "\n")
		}
	}
	return b.String()
}

// text returns the JSON text with its signature.
func (f *forgery) text() string {
	sig := f.rawSig
	if sig == "" {
		sig = quote(base64.StdEncoding.EncodeToString(f.sign([]byte(f.lines()))))
	}
	var b strings.Builder
	b.WriteByte('{')
	for _, m := range f.members {
		b.WriteString(`"` + m.name + `":` + m.raw + ",")
	}
	b.WriteString(`"TLS.sig":` + sig + "}")
	return b.String()
}

func (f *forgery) token() string { return f.wrap([]byte(f.text())) }

// deflaters are kept because a new one costs a hundred times what its work does.
var deflaters = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

// deflated returns text as a zlib stream.
func deflated(text []byte) []byte {
	var b bytes.Buffer
	w := deflaters.Get().(*zlib.Writer)
	defer deflaters.Put(w)
	w.Reset(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

// outer is the outer base64.
func outer(raw []byte) string {
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(raw))
}

// unwrapOuter undoes outer.
func unwrapOuter(t testing.TB, token string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(token))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func wrapped(text []byte) string { return outer(deflated(text)) }

// unwrapped returns the JSON text of a token.
func unwrapped(t testing.TB, token string) []byte {
	t.Helper()
	r, err := zlib.NewReader(bytes.NewReader(unwrapOuter(t, token)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestForgers proves that the forgery's own tokens are good, so that an attack
// fails for what was done to it and for nothing else.
func TestForgers(t *testing.T) {
	v := verifierOf(t, nil)
	for _, f := range forgers {
		t.Run(f.name, func(t *testing.T) { wantAlice(t, v, f.make().token()) })
	}
}

// sigText returns the JSON of the good signature.
func (f *forgery) sigText() string {
	return quote(base64.StdEncoding.EncodeToString(f.sign([]byte(f.lines()))))
}

// base64Of returns the base64 of n bytes.
func base64Of(n int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("b"), n)) }
