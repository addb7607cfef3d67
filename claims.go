package usersig

import (
	"fmt"
	"math"
	"time"

	"usersig/internal/wire"
)

// Limits on what a [Signer] signs.
const (
	// MaxUserID is the longest user ID, in bytes of UTF-8. It is what Tencent's
	// client SDKs and account API document (32).
	MaxUserID = 32

	// MaxUserBuf is the longest user buffer, in bytes.
	MaxUserBuf = wire.MaxUserBuf

	// DefaultMaxTTL is the longest lifetime a [Signer] gives a token unless told
	// otherwise: 180 days, which the original libraries default to.
	DefaultMaxTTL = 180 * 24 * time.Hour

	// LongestTTL is the longest lifetime a [Signer] can be told to allow: 50
	// years of 365 days, the limit in Tencent's Chat FAQ.
	LongestTTL = 50 * 365 * 24 * time.Hour
)

// Claims is what an issuer asks a [Signer] to put in a token. With neither Grant
// nor UserBuf the token is a UserSig.
type Claims struct {
	// UserID names the user: 1 to [MaxUserID] bytes of UTF-8 without control
	// characters. Tencent's own servers promise to take letters, digits, '_' and
	// '-' only; see [PortableUserID].
	UserID string

	// TTL is how long the token stays valid. It is rounded down to a whole
	// second and must not be less than one.
	TTL time.Duration

	// IssuedAt is when the token starts to count. The zero value means now.
	IssuedAt time.Time

	// Grant, if set, makes the token a PrivateMapKey: rights in one room, and no
	// proof of identity. At most one of Grant and UserBuf may be set.
	Grant *Grant

	// UserBuf, if not nil, makes the token a ticket that carries these bytes, at
	// most [MaxUserBuf]. It must not begin like a PrivateMapKey for this user.
	UserBuf []byte
}

// PortableUserID reports whether id is one that every TRTC product takes: letters,
// digits, '_' and '-', at most [MaxUserID] of them (TRTCCloudDef.h).
func PortableUserID(id string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return len(id) > 0 && len(id) <= MaxUserID
}

// checkUser refuses a user ID that should not be signed. A line feed in one would
// make the signed lines ambiguous: signed as it is, it could be cut again into a
// token for another user.
func checkUser(id []byte) error {
	switch {
	case len(id) == 0:
		return fmt.Errorf("%w: user ID is empty", ErrInvalidClaims)
	case len(id) > MaxUserID:
		return fmt.Errorf("%w: user ID is %d bytes long, the most is %d", ErrInvalidClaims, len(id), MaxUserID)
	case !wire.ValidText(id):
		return fmt.Errorf("%w: user ID has a control character or is not UTF-8", ErrInvalidClaims)
	}
	return nil
}

// span returns the second of issue and the lifetime in seconds.
func (c *Claims) span(now func() time.Time, longest time.Duration) (issued, ttl int64, err error) {
	switch {
	case c.TTL < time.Second:
		return 0, 0, fmt.Errorf("%w: TTL is less than a second", ErrInvalidClaims)
	case c.TTL > longest:
		return 0, 0, fmt.Errorf("%w: TTL of %d s is longer than the %d s allowed", ErrInvalidClaims, c.TTL/time.Second, longest/time.Second)
	}
	if c.IssuedAt.IsZero() {
		issued = now().Unix()
	} else {
		issued = c.IssuedAt.Unix()
	}
	ttl = int64(c.TTL / time.Second)
	if issued < 0 || issued > maxUnix-ttl {
		return 0, 0, fmt.Errorf("%w: time of issue is before 1970 or too late", ErrInvalidClaims)
	}
	return issued, ttl, nil
}

// maxUnix is the last second of the year 9999, the last that RFC 3339 can write.
const maxUnix = 253402300799

// appendBuf appends the user buffer that c asks for to scratch, which is not nil,
// and returns it, or nil if c asks for none.
func (c *Claims) appendBuf(scratch []byte, app uint32, expiresAt int64) ([]byte, error) {
	switch {
	case c.Grant == nil && c.UserBuf == nil:
		return nil, nil
	case c.Grant != nil && c.UserBuf != nil:
		return nil, fmt.Errorf("%w: a grant and a user buffer exclude each other", ErrInvalidClaims)
	case c.Grant != nil:
		return c.appendTicket(scratch, app, expiresAt)
	case len(c.UserBuf) > MaxUserBuf:
		return nil, fmt.Errorf("%w: user buffer is %d bytes long, the most is %d", ErrInvalidClaims, len(c.UserBuf), MaxUserBuf)
	}
	if isTicket(c.UserBuf, app, []byte(c.UserID)) {
		// Whoever may choose the bytes of a user buffer must not be able to
		// grant themselves a room with it.
		return nil, fmt.Errorf("%w: user buffer begins like a PrivateMapKey, ask for a grant instead", ErrInvalidClaims)
	}
	return append(scratch, c.UserBuf...), nil
}

func (c *Claims) appendTicket(scratch []byte, app uint32, expiresAt int64) ([]byte, error) {
	if err := c.Grant.check(); err != nil {
		return nil, err
	}
	if expiresAt > math.MaxUint32 {
		// The field has 32 bits. Original libraries let it wrap, and a grant for
		// a century then ended in 1990.
		return nil, fmt.Errorf("%w: a PrivateMapKey cannot last beyond 2106-02-07", ErrInvalidClaims)
	}
	return wire.AppendTicket(scratch, &wire.Ticket{
		UserID: []byte(c.UserID), AppID: app,
		RoomID: c.Grant.Room.ID, RoomName: []byte(c.Grant.Room.Name),
		ExpiresAt:  uint32(expiresAt), //nolint:gosec // G115: checked above
		Privileges: uint32(c.Grant.Allow),
	}), nil
}
