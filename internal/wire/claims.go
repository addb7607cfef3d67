package wire

import (
	"encoding/base64"
	"strconv"
)

// Claims is what a token is to say. The caller has checked it.
type Claims struct {
	AppID      uint32
	UserID     []byte
	Time       int64
	Expire     int64
	HasUserBuf bool

	userBuf64   []byte
	accountType []byte // version 1
	thirdParty  []byte // version 1
	noThird     bool   // version 1: leave the TLS.appid_at_3rd line out
}

// zero is what every back end but Python's writes for the two fields that date
// from accounts hosted by others.
var zero = []byte("0")

// NewClaims returns claims with the constant fields filled in. The user buffer,
// if any, is encoded into scratch, which the claims then refer to.
func NewClaims(app uint32, user []byte, issued, expire int64, userBuf, scratch []byte) Claims {
	c := Claims{
		AppID: app, UserID: user, Time: issued, Expire: expire,
		accountType: zero, thirdParty: zero,
	}
	if userBuf != nil {
		c.HasUserBuf = true
		c.userBuf64 = base64.StdEncoding.AppendEncode(scratch[:0], userBuf)
	}
	return c
}

// AppendSigned appends the bytes that a signature covers: one line a field, each
// "name:value\n" with the value as it reads after JSON decoding. Nothing in a
// line is escaped, which is why no value may hold a line feed: a user ID with one
// could be cut again into other fields.
func (c *Claims) AppendSigned(dst []byte, s Scheme) []byte {
	if s == V1 {
		if !c.noThird {
			dst = appendLine(dst, "TLS.appid_at_3rd:", c.thirdParty)
		}
		dst = appendLine(dst, "TLS.account_type:", c.accountType)
	}
	dst = appendLine(dst, "TLS.identifier:", c.UserID)
	if s == V1 {
		dst = appendNumber(dst, "TLS.sdk_appid:", int64(c.AppID))
	} else {
		dst = appendNumber(dst, "TLS.sdkappid:", int64(c.AppID))
	}
	dst = appendNumber(dst, "TLS.time:", c.Time)
	if s == V1 {
		dst = appendNumber(dst, "TLS.expire_after:", c.Expire)
	} else {
		dst = appendNumber(dst, "TLS.expire:", c.Expire)
	}
	if c.HasUserBuf {
		dst = appendLine(dst, "TLS.userbuf:", c.userBuf64)
	}
	return dst
}

func appendLine(dst []byte, name string, value []byte) []byte {
	dst = append(dst, name...)
	dst = append(dst, value...)
	return append(dst, '\n')
}

func appendNumber(dst []byte, name string, value int64) []byte {
	dst = append(dst, name...)
	dst = strconv.AppendInt(dst, value, 10)
	return append(dst, '\n')
}
