package gate

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"usersig"
)

// A Credential is what a client's SDK hands to a media server in one string, where the
// server's own SDKs have a token: who wants to enter which room, and with what proof.
// Nothing of it is true until it was checked.
//
// The string is
//
//	us1.<sdkappid>.<base64url user>.<room>.<UserSig>[.<PrivateMapKey>]
//
// in which room is "n" and a number in decimal, or "s" and a name in base64url without
// padding. No part of it can hold a full stop: a UserSig's alphabet has none.
type Credential struct {
	App           uint32
	UserID        string
	Room          usersig.Room
	UserSig       string
	PrivateMapKey string // empty if there is none
}

// mostCredential bounds the text of a credential: two tokens of 8 KiB, a user ID of 255
// bytes, a room name and what is between them.
const mostCredential = 2*8<<10 + 1<<10

// mostUserID is the longest user ID that a token is read with, in bytes.
const mostUserID = 255

// text64 takes one spelling of every text.
var text64 = base64.RawURLEncoding.Strict()

// String returns the credential as clients send it.
func (c Credential) String() string {
	parts := []string{
		"us1", strconv.FormatUint(uint64(c.App), 10), text64.EncodeToString([]byte(c.UserID)), RoomText(c.Room), c.UserSig,
	}
	if c.PrivateMapKey != "" {
		parts = append(parts, c.PrivateMapKey)
	}
	return strings.Join(parts, ".")
}

// LogValue keeps credentials out of logs: whoever reads one can use it.
func (c Credential) LogValue() slog.Value {
	return slog.GroupValue(slog.Uint64("sdkappid", uint64(c.App)), slog.String("user", c.UserID), slog.String("room", c.Room.String()))
}

// ParseCredential reads a credential. The error is a [*usersig.Refusal].
func ParseCredential(text string) (Credential, error) {
	if text == "" {
		return Credential{}, refusal(usersig.ErrEmpty)
	}
	parts := strings.SplitN(text, ".", 7)
	// Go's base64 skips line breaks wherever they are: they would be a second spelling.
	if strings.ContainsAny(text, "\r\n") || len(text) > mostCredential || len(parts) < 5 || len(parts) > 6 || parts[0] != "us1" {
		return Credential{}, refusal(usersig.ErrMalformed)
	}
	app, err := strconv.ParseUint(parts[1], 10, 32)
	user, err2 := text64.DecodeString(parts[2])
	room, ok := ParseRoom(parts[3])
	// A longer user ID, or one of control characters, is in no UserSig, and would be written
	// to the log by whoever likes to fill it.
	if err != nil || err2 != nil || !ok || parts[1] != strconv.FormatUint(app, 10) || !plainText(user, mostUserID) {
		return Credential{}, refusal(usersig.ErrMalformed)
	}
	c := Credential{App: uint32(app), UserID: string(user), Room: room, UserSig: parts[4]}
	if len(parts) == 6 {
		if c.PrivateMapKey = parts[5]; c.PrivateMapKey == "" {
			return Credential{}, refusal(usersig.ErrMalformed) // a second spelling of the same
		}
	}
	return c, nil
}

// RoomText writes a room as it is in a credential and in paths: "n123", or "s" and the
// name in base64url.
func RoomText(r usersig.Room) string {
	if r.Name != "" {
		return "s" + text64.EncodeToString([]byte(r.Name))
	}
	return "n" + strconv.FormatUint(uint64(r.ID), 10)
}

// ParseRoom reads what [RoomText] writes, and reports false for anything else. Number 0 is none: original SDKs send it for a room name that
// came out empty. Numbers have one spelling, or two texts would be one room.
func ParseRoom(text string) (usersig.Room, bool) {
	if rest, ok := strings.CutPrefix(text, "n"); ok {
		id, err := strconv.ParseUint(rest, 10, 32)
		return usersig.Room{ID: uint32(id)}, err == nil && id != 0 && id != math.MaxUint32 && rest == strconv.FormatUint(id, 10)
	}
	rest, ok := strings.CutPrefix(text, "s")
	name, err := text64.DecodeString(rest)
	if !ok || err != nil || strings.ContainsAny(rest, "\r\n") || !plainText(name, usersig.MaxRoomName) {
		return usersig.Room{}, false
	}
	return usersig.Room{Name: string(name)}, true
}

// plainText reports whether a room's name or a user's ID is one that can be in a token.
func plainText(text []byte, most int) bool {
	if len(text) == 0 || len(text) > most || !utf8.Valid(text) {
		return false
	}
	return bytes.IndexFunc(text, unicode.IsControl) < 0
}
