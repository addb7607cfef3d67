package inflate

import "encoding/binary"

const storedHeaderSize = 4 // length and its complement, after the byte with the block's kind

// storedText returns the text of a stream of stored blocks of which at most one is not empty, as
// Go's compress/zlib and Tencent's Go library write it, without copying it, and the place after
// the last block. For any other stream, and for one that is to be refused, it returns nil: blocks
// will judge it.
func storedText(src []byte, room int) (text []byte, pos int) {
	text = src[headerSize:headerSize:headerSize]
	for pos = headerSize; len(src)-pos > storedHeaderSize; {
		kind := src[pos]
		if kind&6 != 0 {
			return nil, 0
		}
		n, ok := storedSize(src[pos+1:])
		pos += 1 + storedHeaderSize
		if !ok || n > len(src)-pos || n > room || n > 0 && len(text) > 0 {
			return nil, 0
		}
		if n > 0 {
			text = src[pos : pos+n : pos+n]
		}
		pos += n
		if kind&1 != 0 {
			return text, pos
		}
	}
	return nil, 0
}

// storedSize reads the length before a stored block's text and reports whether its complement
// agrees; head has at least storedHeaderSize bytes.
func storedSize(head []byte) (n int, ok bool) {
	size := binary.LittleEndian.Uint16(head)
	return int(size), binary.LittleEndian.Uint16(head[2:]) == ^size
}

// stored copies one stored block to dst[out:] and returns the new end of the text.
func (s *stream) stored(dst []byte, out int) (int, Fault) {
	s.align()
	rest := s.src[s.pos:]
	if len(rest) < storedHeaderSize {
		return 0, Truncated
	}
	n, ok := storedSize(rest)
	rest = rest[storedHeaderSize:]
	switch {
	case !ok:
		return 0, Corrupt
	case n > len(rest):
		return 0, Truncated
	case n > len(dst)-out:
		return 0, TooLong
	}
	copy(dst[out:], rest[:n])
	s.pos += storedHeaderSize + n
	return out + n, 0
}
