package diagnose

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"usersig"
)

const (
	testApp    = 1400000000
	testTime   = 1795426000
	testSecret = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
)

var testKey = func() *ecdsa.PrivateKey {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{1}, 32))
	if err != nil {
		panic(err)
	}
	return k
}()

func now() time.Time { return time.Unix(testTime+60, 0) }

// said is what a token is to say, with the mistakes of its maker.
type said struct {
	app          uint32
	user         string
	time, expire int64
	extra        string // JSON of more members, each with its comma
	buf          []byte
	lines        func(string) string // changes what is signed
	userJSON     string              // instead of user's
}

func alice() said { return said{app: testApp, user: "alice", time: testTime, expire: 86400} }

func (c said) json() string {
	if c.userJSON != "" {
		return c.userJSON
	}
	text, err := json.Marshal(c.user)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (c said) finish(signed string) (message string, extra string) {
	extra = c.extra
	if c.buf != nil {
		b := base64.StdEncoding.EncodeToString(c.buf)
		signed += "TLS.userbuf:" + b + "\n"
		extra += `"TLS.userbuf":"` + b + `",`
	}
	if c.lines != nil {
		signed = c.lines(signed)
	}
	return signed, extra
}

// text1 and text2 return the JSON of a token of each version.
func (c said) text1(key crypto.Signer) string {
	signed, extra := c.finish(fmt.Sprintf("TLS.appid_at_3rd:0\nTLS.account_type:0\nTLS.identifier:%s\nTLS.sdk_appid:%d\nTLS.time:%d\nTLS.expire_after:%d\n",
		c.user, c.app, c.time, c.expire))
	digest := sha256.Sum256([]byte(signed))
	sig, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"TLS.account_type":"0","TLS.identifier":%s,"TLS.appid_at_3rd":"0","TLS.sdk_appid":"%d","TLS.expire_after":"%d",%s"TLS.version":"201512300000","TLS.time":"%d","TLS.sig":"%s"}`,
		c.json(), c.app, c.expire, extra, c.time, base64.StdEncoding.EncodeToString(sig))
}

func (c said) text2(key []byte) string {
	signed, extra := c.finish(fmt.Sprintf("TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n", c.user, c.app, c.time, c.expire))
	m := hmac.New(sha256.New, key)
	m.Write([]byte(signed))
	return fmt.Sprintf(`{"TLS.ver":"2.0","TLS.identifier":%s,"TLS.sdkappid":%d,"TLS.expire":%d,%s"TLS.time":%d,"TLS.sig":"%s"}`,
		c.json(), c.app, c.expire, extra, c.time, base64.StdEncoding.EncodeToString(m.Sum(nil)))
}

func (c said) v1() string { return wrap(c.text1(testKey)) }
func (c said) v2() string { return wrap(c.text2([]byte(testSecret))) }

func deflate(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

func outer(raw []byte) string {
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(raw))
}

func wrap(text string) string { return outer(deflate(text)) }

func public(t testing.TB) *usersig.PublicKey {
	t.Helper()
	k, err := usersig.NewPublicKey(testKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func secret(t testing.TB, text string) *usersig.Secret {
	t.Helper()
	s, err := usersig.ParseSecret([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
