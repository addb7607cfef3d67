package usersig

import "usersig/internal/wire"

// Scheme is a version of the token format.
type Scheme uint8

// The token schemes. The key decides which one is used.
const (
	SchemeECDSA Scheme = 1 // version "201610110000" and kin: ECDSA with SHA-256
	SchemeHMAC  Scheme = 2 // version "2.0": HMAC-SHA256
)

// String returns "ecdsa" or "hmac".
func (s Scheme) String() string {
	switch s {
	case SchemeECDSA:
		return "ecdsa"
	case SchemeHMAC:
		return "hmac"
	}
	return "none"
}

// MarshalText returns what String does.
func (s Scheme) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Purpose is what a token was made for. A token serves one only.
type Purpose uint8

// The purposes of tokens.
const (
	UserSig       Purpose = 1 + iota // proves who the user is
	PrivateMapKey                    // grants rights in one room
	UserBuf                          // carries a customer's own bytes
)

var purposes = [...]struct {
	name string
	noun text
}{
	0:             {"none", text{"nothing", "空凭证"}},
	UserSig:       {"usersig", text{"UserSig", "UserSig"}},
	PrivateMapKey: {"privatemapkey", text{"PrivateMapKey", "PrivateMapKey"}},
	UserBuf:       {"userbuf", text{"token with a user buffer", "带 userbuf 的凭证"}},
}

// String returns "usersig", "privatemapkey" or "userbuf".
func (p Purpose) String() string { return purposes[p.index()].name }

// MarshalText returns what String does.
func (p Purpose) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func (p Purpose) in(zh bool) string { return purposes[p.index()].noun.in(zh) }

func (p Purpose) index() Purpose {
	if int(p) < len(purposes) {
		return p
	}
	return 0
}

// purposeOf says what a decoded token was made for. A user buffer makes a
// PrivateMapKey if it is one for the token's own user and application.
func purposeOf(f *wire.Fields) Purpose {
	switch {
	case !f.HasUserBuf:
		return UserSig
	case isTicket(f.UserBuf, f.AppID, f.UserID):
		return PrivateMapKey
	default:
		return UserBuf
	}
}
