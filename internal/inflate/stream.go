package inflate

import "encoding/binary"

// A stream is src with up to 63 bits of it waiting in acc, the lowest first. Bits of acc above n
// are zero or those of src[pos], which refill puts there again.
type stream struct {
	src []byte
	pos int
	acc uint64
	n   uint
}

// refill brings the waiting bits to at least 56 where src has them. It reports false if fewer than
// the checksum's 32 are left: then the stream ends early, whatever else may be wrong with it. So
// after true every read of up to 32 bits is of real ones, and needs no test.
func (s *stream) refill() bool {
	if s.n >= 56 {
		return true
	}
	if rest := s.src[s.pos:]; len(rest) >= 8 {
		s.acc |= binary.LittleEndian.Uint64(rest) << (s.n & 63)
		s.pos += int(63-s.n) >> 3
		s.n |= 56
		return true
	}
	for s.n < 56 && s.pos < len(s.src) {
		s.acc |= uint64(s.src[s.pos]) << (s.n & 63)
		s.pos++
		s.n += 8
	}
	return s.n >= trailerBits
}

// take removes and returns the next bits; the caller has seen to it that they are there.
func (s *stream) take(bits uint) uint {
	v := uint(s.acc) & (1<<bits - 1)
	s.acc >>= bits & 63
	s.n -= bits
	return v
}

// align gives waiting bytes back and drops the bits before them.
func (s *stream) align() {
	s.pos -= int(s.n / 8)
	s.acc, s.n = 0, 0
}
