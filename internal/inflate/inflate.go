// Package inflate decodes a zlib stream (RFC 1950 and 1951) that lies wholly in memory and comes
// from a stranger: a token, a few hundred bytes long.
//
// It owns the limits of that: no text beyond the caller's room, no byte before or after the stream,
// no allocation, and work in proportion to the stream and the room, whatever the stream says. On
// block structure it gives the verdict of compress/flate. It knows nothing of tokens, and it is not
// for streams that arrive in pieces.
package inflate

import (
	"encoding/binary"
	"hash/adler32"
)

// A Form is how the text of a stream was written.
type Form uint8

// The forms.
const (
	_        Form = iota
	Stored        // every block holds its text as it is
	Deflated      // at least one block is compressed
)

// String returns the form's name in lower case.
func (f Form) String() string { return [...]string{"", "stored", "deflated"}[f] }

const (
	headerSize  = 2
	trailerSize = 4
	trailerBits = 8 * trailerSize
)

// A Decoder decodes streams one after another. It holds nothing but scratch space, about
// 23 KiB, so keep it; what it holds means nothing after a call. The zero value is ready. It is not
// safe for concurrent use.
type Decoder struct {
	lit, dist table
}

// Decode inflates src, which must be one zlib stream and nothing else, into dst[:cap(dst)]. It
// returns the text and the form it had.
//
// The text lies in dst, or, if one stored block holds all of it, in src: it is good until either
// is written to. What dst holds past the text, and on an error anywhere, is of no meaning. The
// two must not overlap. An error is a [Fault].
func (d *Decoder) Decode(dst, src []byte) ([]byte, Form, error) {
	dst = dst[:cap(dst)]
	if f := checkHeader(src); f != 0 {
		return nil, 0, f
	}
	form := Stored
	text, pos := storedText(src, len(dst))
	if text == nil {
		var f Fault
		if text, pos, form, f = d.blocks(dst, src); f != 0 {
			return nil, 0, f
		}
	}
	if f := checkTrailer(text, src[pos:]); f != 0 {
		return nil, 0, f
	}
	return text, form, nil
}

// checkHeader judges the two bytes before the first block. The window size they state is not held
// against the distances that follow: all of the text is at hand anyway.
func checkHeader(src []byte) Fault {
	const deflate, maxWindow, presetDictionary = 8, 7, 0x20
	switch {
	case len(src) < headerSize:
		return Truncated
	case src[0]&15 != deflate, src[0]>>4 > maxWindow, binary.BigEndian.Uint16(src)%31 != 0:
		return Header
	case src[1]&presetDictionary != 0:
		return Dictionary
	}
	return 0
}

// checkTrailer judges what follows the last block. Bytes after the checksum are refused because
// they would let anybody respell a token, or hide something in it.
func checkTrailer(text, rest []byte) Fault {
	switch {
	case len(rest) < trailerSize:
		return Truncated
	case binary.BigEndian.Uint32(rest) != adler32.Checksum(text):
		return Checksum
	case len(rest) > trailerSize:
		return Trailing
	}
	return 0
}

// blocks decodes every block and returns the text and the place in src after the last block.
func (d *Decoder) blocks(dst, src []byte) (text []byte, pos int, form Form, f Fault) {
	s := stream{src: src, pos: headerSize}
	out, form := 0, Stored
	for final := false; !final; {
		if !s.refill() {
			return nil, 0, 0, Truncated
		}
		final = s.take(1) == 1
		kind := s.take(2)
		if kind != 0 {
			form = Deflated
		}
		switch kind {
		case 0:
			out, f = s.stored(dst, out)
		case 1:
			out, f = s.compressed(dst, out, &fixedLit, &fixedDist)
		case 2:
			if f = d.readTables(&s); f == 0 {
				out, f = s.compressed(dst, out, &d.lit, &d.dist)
			}
		default:
			f = Corrupt
		}
		if f != 0 {
			return nil, 0, 0, f
		}
	}
	s.align()
	return dst[:out], s.pos, form, 0
}
