package usersig

import (
	"fmt"
	"math"
	"strconv"

	"usersig/internal/wire"
)

// MaxRoomName is the longest room name a [Signer] puts in a grant, in bytes (TRTC's
// limit for strRoomId).
const MaxRoomName = 64

// A Room names a room by number or by name, as TRTC does: by Name if that is not
// empty, otherwise by ID. The number 123 and the name "123" are different rooms.
// Rooms can be compared with ==.
type Room struct {
	ID   uint32 `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// String returns the name, quoted, or the number in decimal with a leading "#".
func (r Room) String() string {
	if r.Name != "" {
		return strconv.Quote(r.Name)
	}
	return "#" + strconv.FormatUint(uint64(r.ID), 10)
}

// A Grant allows some things in one room, for as long as the token that carries
// it is valid.
type Grant struct {
	Room  Room      `json:"room"`
	Allow Privilege `json:"allow"`
}

// Permits reports whether the grant is for room and allows all of want.
func (g Grant) Permits(room Room, want Privilege) bool {
	return g.Room == room && g.Allow.Has(want)
}

// Require returns nil if the grant allows all of want, and otherwise a [*Refusal]
// with the code TRTC's SDKs know for the first right that is missing. Rights for
// which TRTC has no code are refused with [ErrNoGrant].
func (g Grant) Require(want Privilege) error {
	missing := want &^ g.Allow
	if want != 0 && missing == 0 {
		return nil
	}
	for _, right := range [...]struct {
		bit    Privilege
		reason Error
	}{
		{CreateRoom, ErrNoRightCreate},
		{JoinRoom, ErrNoRightEnter},
		{SendVideo, ErrNoRightSendVideo},
		{SendScreen, ErrNoRightSendScreen},
		{ReceiveVideo, ErrNoRightReceiveVideo},
	} {
		if missing&right.bit != 0 {
			return refuse(right.reason)
		}
	}
	return refuse(ErrNoGrant, text{
		"it does not allow " + missing.String(),
		"其中不包含权限 " + missing.String(),
	})
}

// check refuses a grant that should not be signed.
func (g *Grant) check() error {
	r := g.Room
	switch {
	case r.Name == "" && r.ID == 0:
		// Original libraries write room 0 for a room name that came out empty.
		return fmt.Errorf("%w: grant names no room", ErrInvalidClaims)
	case r.Name != "" && r.ID != 0:
		return fmt.Errorf("%w: grant names a room by number and by name", ErrInvalidClaims)
	case r.ID == math.MaxUint32:
		return fmt.Errorf("%w: room number is over 4294967294", ErrInvalidClaims)
	case len(r.Name) > MaxRoomName:
		return fmt.Errorf("%w: room name is %d bytes long, the most is %d", ErrInvalidClaims, len(r.Name), MaxRoomName)
	case !wire.ValidText([]byte(r.Name)):
		return fmt.Errorf("%w: room name has a control character or is not UTF-8", ErrInvalidClaims)
	case g.Allow&^AllPrivileges != 0:
		return fmt.Errorf("%w: grant has privileges that do not exist", ErrInvalidClaims)
	}
	return nil
}

// isTicket reports whether a user buffer is a PrivateMapKey for this user of this
// application: whether it begins like one. Whether the rest holds is another
// question, and one that other readers answer more laxly; so a buffer that begins
// like a PrivateMapKey is never taken for free bytes.
//
// Being bound to user and application is part of what makes a PrivateMapKey: some
// libraries cut or merge user IDs that are not ASCII, and what they wrote for one
// user must not serve another.
func isTicket(buf []byte, app uint32, user []byte) bool { return wire.BeginsTicket(buf, app, user) }

func grantOf(t *wire.Ticket) Grant {
	return Grant{
		Room: Room{ID: t.RoomID, Name: string(t.RoomName)},
		// Only the low eight bits mean anything; issuers set others at will.
		Allow: Privilege(t.Privileges) & AllPrivileges,
	}
}
