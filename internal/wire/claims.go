package wire

import "strconv"

// Claims is what a token is to say, as the text of its fields. Both what is signed
// and the token itself are made of these, so neither can differ from the other.
type Claims struct {
	user, app, time, expire []byte
	userBuf64               []byte
	hasUserBuf              bool
	accountType             []byte // version 1
	thirdParty              []byte // version 1
	noThird                 bool   // version 1: leave the TLS.appid_at_3rd line out
}

// zero is what every back end but Python's writes for the two fields that date
// from accounts hosted by others.
var zero = []byte("0")

// Scratch is memory that [Claims] refer to. It remembers the numbers it wrote last:
// a busy signer writes the same application, second and lifetime again and again.
type Scratch struct {
	app                     uint32
	issued, expire          int64
	appText, timeText, life []byte
	userBuf64               []byte
}

// Claims returns claims that refer to s. A user buffer of nil means none, one of
// no bytes is a user buffer. The caller has checked all of it.
func (s *Scratch) Claims(app uint32, user []byte, issued, expire int64, userBuf []byte) Claims {
	if app != s.app || issued != s.issued || expire != s.expire || s.appText == nil {
		s.app, s.issued, s.expire = app, issued, expire
		s.appText = strconv.AppendUint(s.appText[:0], uint64(app), 10)
		s.timeText = strconv.AppendInt(s.timeText[:0], issued, 10)
		s.life = strconv.AppendInt(s.life[:0], expire, 10)
	}
	c := Claims{user: user, app: s.appText, time: s.timeText, expire: s.life, accountType: zero, thirdParty: zero}
	if userBuf != nil {
		s.userBuf64 = inner.append(s.userBuf64[:0], userBuf)
		c.userBuf64, c.hasUserBuf = s.userBuf64, true
	}
	return c
}

// AppendSigned appends the bytes that a signature covers: one line a field, each
// "name:value\n" with the value as it reads after JSON decoding. Nothing in a
// line is escaped, which is why no value may hold a line feed: a user ID with one
// could be cut again into other fields.
func (c *Claims) AppendSigned(dst []byte, s Scheme) []byte {
	if s == V2 {
		dst = appendLine(dst, "TLS.identifier:", c.user)
		dst = appendLine(dst, "TLS.sdkappid:", c.app)
		dst = appendLine(dst, "TLS.time:", c.time)
		dst = appendLine(dst, "TLS.expire:", c.expire)
	} else {
		if !c.noThird {
			dst = appendLine(dst, "TLS.appid_at_3rd:", c.thirdParty)
		}
		dst = appendLine(dst, "TLS.account_type:", c.accountType)
		dst = appendLine(dst, "TLS.identifier:", c.user)
		dst = appendLine(dst, "TLS.sdk_appid:", c.app)
		dst = appendLine(dst, "TLS.time:", c.time)
		dst = appendLine(dst, "TLS.expire_after:", c.expire)
	}
	if c.hasUserBuf {
		dst = appendLine(dst, "TLS.userbuf:", c.userBuf64)
	}
	return dst
}

func appendLine(dst []byte, name string, value []byte) []byte {
	dst = append(dst, name...)
	dst = append(dst, value...)
	return append(dst, '\n')
}
