package wire

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestTicket(t *testing.T) {
	for name, c := range map[string]struct {
		ticket Ticket
		bytes  string
	}{
		"number": {Ticket{UserID: []byte("bob"), AppID: 0x01020304, RoomID: 0x05060708, ExpiresAt: 0x090a0b0c, Privileges: 0x0d0e0f10},
			"\x00\x00\x03bob\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x00\x00\x00\x00"},
		"name": {Ticket{UserID: []byte("用"), RoomName: []byte("房"), ExpiresAt: 1, Privileges: 255},
			"\x01\x00\x03用\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\xff\x00\x00\x00\x00\x00\x03房"},
	} {
		got := AppendTicket([]byte("x"), &c.ticket)
		if string(got) != "x"+c.bytes {
			t.Errorf("%s: %x, want %x", name, got[1:], c.bytes)
		}
		back, ok := ParseTicket([]byte(c.bytes))
		if !ok || !bytes.Equal(back.UserID, c.ticket.UserID) || !bytes.Equal(back.RoomName, c.ticket.RoomName) || back.AppID != c.ticket.AppID ||
			back.RoomID != c.ticket.RoomID || back.ExpiresAt != c.ticket.ExpiresAt || back.Privileges != c.ticket.Privileges {
			t.Errorf("%s: %+v, %t, want %+v", name, back, ok, c.ticket)
		}
		for n := range len(c.bytes) {
			if back, ok := ParseTicket([]byte(c.bytes[:n])); ok || !reflect.DeepEqual(back, Ticket{}) {
				t.Errorf("%s cut to %d: %+v, %t", name, n, back, ok)
			}
		}
		for _, more := range []string{"\x00", "\x00\x00", c.bytes} {
			if _, ok := ParseTicket([]byte(c.bytes + more)); ok {
				t.Errorf("%s with %q after it is a ticket", name, more)
			}
		}
		version := []byte(c.bytes)
		if version[0] = 2; !notTicket(version) {
			t.Errorf("%s with version 2 is a ticket", name)
		}
	}
	head := "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\xff\x00\x00\x00\x00"
	if notTicket([]byte(head + "\x00\x01r")) {
		t.Error("a ticket of no user")
	}
	for name, b := range map[string]string{
		"name and number": head[:10] + "\x01" + head[11:] + "\x00\x01r",
		"empty name":      head + "\x00\x00", "control": head + "\x00\x01\n", "not UTF-8": head + "\x00\x01\xff",
		"name too long": head + "\x01\x00" + strings.Repeat("r", 256), "account type": head[:19] + "\x01\x00\x00\x00" + "\x00\x01r",
	} {
		if !notTicket([]byte(b)) {
			t.Errorf("%s is a ticket", name)
		}
	}
}

func notTicket(b []byte) bool {
	_, ok := ParseTicket(b)
	return !ok
}

// TestBeginsTicket: the user and the application decide, and nothing after them.
func TestBeginsTicket(t *testing.T) {
	whole := AppendTicket(nil, &Ticket{UserID: []byte("bob"), AppID: 7, RoomID: 1})
	const enough = 1 + 2 + 3 + 4
	for n := range len(whole) {
		if got := BeginsTicket(whole[:n], 7, []byte("bob")); got != (n >= enough) {
			t.Errorf("cut to %d bytes: %t", n, got)
		}
	}
	for name, b := range map[string][]byte{
		"another version": append([]byte{9}, whole[1:]...), "text after": append(whole[:enough:enough], "hello"...),
	} {
		if !BeginsTicket(b, 7, []byte("bob")) {
			t.Errorf("%s: not the beginning of a ticket", name)
		}
	}
	if BeginsTicket(whole, 8, []byte("bob")) || BeginsTicket(whole, 7, []byte("bo")) || BeginsTicket(whole, 7, []byte("bobb")) || BeginsTicket([]byte("\x00\xff\xff"), 7, nil) {
		t.Error("another's ticket")
	}
}
