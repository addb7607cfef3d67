package inflate_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io"
	"testing"

	"usersig/internal/inflate"
)

// shared is never new: what one stream leaves behind must not matter to the next.
var shared inflate.Decoder

// decode decodes src with the used decoder and with a new one, checks what must hold of any
// result, and returns a copy of the text.
func decode(t *testing.T, src []byte, room int) ([]byte, inflate.Form, inflate.Fault) {
	t.Helper()
	const guard = 0xa5
	arena := bytes.Repeat([]byte{guard}, room+16)
	was := bytes.Clone(src)
	text, form, err := shared.Decode(arena[:0:room], src)
	fresh, freshForm, freshErr := new(inflate.Decoder).Decode(make([]byte, room), src)
	switch {
	case err != freshErr || form != freshForm || !bytes.Equal(text, fresh):
		t.Fatalf("a used decoder says %q, %v, %v; a new one %q, %v, %v", text, form, err,
			fresh, freshForm, freshErr)
	case !bytes.Equal(src, was):
		t.Fatal("source was written to")
	case bytes.Count(arena[room:], []byte{guard}) != 16:
		t.Fatal("written past the room given")
	case len(text) > room:
		t.Fatalf("%d bytes of text in room for %d", len(text), room)
	case err != nil && (text != nil || form != 0):
		t.Fatalf("with error %v also %q, %v", err, text, form)
	case err == nil && text == nil, err == nil && form == 0:
		t.Fatalf("without an error %q, %v", text, form)
	}
	var fault inflate.Fault
	if err != nil && !errors.As(err, &fault) {
		t.Fatalf("error %v is not a fault", err)
	}
	return bytes.Clone(text), form, fault
}

// agree checks that Decode's verdict on src is that of compress/zlib, as far as this has one.
func agree(t *testing.T, src []byte, room int) inflate.Fault {
	t.Helper()
	got, _, fault := decode(t, src, room)
	want, err := reference(src, room)
	var ok bool
	switch fault {
	case 0:
		ok = err == nil && bytes.Equal(got, want)
	case inflate.Trailing:
		ok = err == nil && len(want) <= room
	case inflate.TooLong:
		ok = len(want) > room
	case inflate.Header:
		ok = err == zlib.ErrHeader
	case inflate.Checksum:
		ok = err == zlib.ErrChecksum
	case inflate.Dictionary: // compress/zlib takes the empty dictionary for one
		ok = src[1]&0x20 != 0
	default:
		ok = err != nil || len(want) > room
	}
	if !ok {
		t.Fatalf("Decode(%x) in %d bytes = %q, %v; compress/zlib says %q, %v", src, room, got,
			fault, want, err)
	}
	return fault
}

// Readers of the standard library, kept because making them takes longer than using them.
var (
	zlibReader, _ = zlib.NewReader(bytes.NewReader(new(crafter).stored(1, "").zlib("")))
	flateReader   = flate.NewReader(bytes.NewReader(nil))
)

// reference decodes src with compress/zlib, up to one byte more than there is room for.
func reference(src []byte, room int) ([]byte, error) {
	if err := zlibReader.(zlib.Resetter).Reset(bytes.NewReader(src), nil); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(zlibReader, int64(room)+1))
}

// repair returns src with a header and a checksum that fit the blocks between, if they are good,
// so that a damaged stream has its text compared and not only its checksum refused.
func repair(src []byte, room int) ([]byte, bool) {
	if len(src) < 2 {
		return nil, false
	}
	rest := bytes.NewReader(src[2:])
	if err := flateReader.(flate.Resetter).Reset(rest, nil); err != nil {
		return nil, false
	}
	text, err := io.ReadAll(io.LimitReader(flateReader, int64(room)+1))
	if err != nil || len(text) > room {
		return nil, false
	}
	src = append([]byte{0x78, 0x9c}, src[2:len(src)-rest.Len()]...)
	return binary.BigEndian.AppendUint32(src, adler32.Checksum(text)), true
}

// agreeRepaired checks src as it is and repaired, when it must be accepted.
func agreeRepaired(t *testing.T, src []byte, room int) {
	t.Helper()
	_ = agree(t, src, room)
	if whole, ok := repair(src, room); ok {
		if fault := agree(t, whole, room); fault != 0 {
			t.Fatalf("repaired stream %x refused: %v", whole, fault)
		}
	}
}
