package wire

import (
	"bytes"
	"encoding/binary"
)

// Ticket is the content of a PrivateMapKey: what the user may do in one room.
// All integers are big-endian:
//
//	off    size  field
//	0      1     version: 0 = room number, 1 = room name
//	1      2     L, length of the user ID in bytes
//	3      L     user ID, UTF-8
//	3+L    4     SDKAppID
//	7+L    4     room number; 0 when the room has a name
//	11+L   4     expiry, Unix time (an instant, not a duration)
//	15+L   4     privileges
//	19+L   4     account type, always 0
//	23+L   2     R, length of the room's name (version 1 only)
//	25+L   R     room's name, UTF-8
type Ticket struct {
	UserID     []byte
	AppID      uint32
	RoomID     uint32
	RoomName   []byte // if not empty, the room has this name and RoomID is 0
	ExpiresAt  uint32
	Privileges uint32
}

// AppendTicket appends t in the layout above.
func AppendTicket(dst []byte, t *Ticket) []byte {
	version := byte(0)
	if len(t.RoomName) > 0 {
		version = 1
	}
	dst = append(dst, version)
	dst = appendSized(dst, t.UserID)
	dst = binary.BigEndian.AppendUint32(dst, t.AppID)
	dst = binary.BigEndian.AppendUint32(dst, t.RoomID)
	dst = binary.BigEndian.AppendUint32(dst, t.ExpiresAt)
	dst = binary.BigEndian.AppendUint32(dst, t.Privileges)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	if version == 1 {
		dst = appendSized(dst, t.RoomName)
	}
	return dst
}

func appendSized(dst, text []byte) []byte {
	n := uint16(len(text)) //nolint:gosec // G115: user IDs and room names are capped at 255 bytes
	dst = binary.BigEndian.AppendUint16(dst, n)
	return append(dst, text...)
}

// ParseTicket reads a ticket whole: every field, and no bytes after the last. The
// slices in the result are views of b. It reports false for anything else.
//
// Some libraries count characters where bytes belong and cut or merge user IDs
// that are not ASCII; what they wrote either does not parse or names another user,
// which is for the caller to compare.
func ParseTicket(b []byte) (t Ticket, ok bool) {
	if len(b) < 3 {
		return Ticket{}, false
	}
	version, b := b[0], b[1:]
	if t.UserID, b, ok = cutSized(b); !ok || version > 1 || len(b) < 20 {
		return Ticket{}, false
	}
	t.AppID = binary.BigEndian.Uint32(b)
	t.RoomID = binary.BigEndian.Uint32(b[4:])
	t.ExpiresAt = binary.BigEndian.Uint32(b[8:])
	t.Privileges = binary.BigEndian.Uint32(b[12:])
	if binary.BigEndian.Uint32(b[16:]) != 0 {
		return Ticket{}, false
	}
	if b = b[20:]; version == 1 {
		if t.RoomName, b, ok = cutSized(b); !ok || t.RoomID != 0 || !validRoomName(t.RoomName) {
			return Ticket{}, false
		}
	}
	if len(b) > 0 {
		return Ticket{}, false
	}
	return t, true
}

// BeginsTicket reports whether b begins like a ticket for a user of an application,
// of whatever version and however it goes on.
func BeginsTicket(b []byte, app uint32, user []byte) bool {
	if len(b) < 3 {
		return false
	}
	got, rest, ok := cutSized(b[1:])
	return ok && bytes.Equal(got, user) && len(rest) >= 4 && binary.BigEndian.Uint32(rest) == app
}

func validRoomName(name []byte) bool {
	return len(name) > 0 && len(name) <= MaxUserID && ValidText(name)
}

func cutSized(b []byte) (text, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}
