package inflate

// matchBits is the most that can follow the code of a length: its extra bits, the code of a distance
// and the extra bits of that.
const matchBits = 5 + maxBits + 13

// compressed decodes the rest of a compressed block to dst[out:] and returns the new end of the
// text. It stops before the byte that dst has no room for, so a bomb costs no more than dst.
//
// This is where the time goes, hence one long function on local variables. A literal needs no
// test for the end of src: see refill. A match may take bits that are not there; these are zeros,
// and n tells by passing below 0.
func (s *stream) compressed(dst []byte, out int, lit, dist *table) (int, Fault) {
	litMask := lit.mask % rootSize
	acc, n := s.acc, s.n
	for {
		if n < trailerBits {
			s.acc, s.n = acc, n
			if !s.refill() {
				return 0, Truncated
			}
			acc, n = s.acc, s.n
		}
		e := lit.root[uint(acc)&litMask]
		if e&longer != 0 {
			e = lit.lookup(acc)
		}
		acc >>= e.bits()
		n -= e.bits()
		if e&literal != 0 {
			if out >= len(dst) {
				return 0, TooLong
			}
			dst[out] = byte(e.value())
			out++
			continue
		}
		if e&(end|missing) != 0 {
			if e&missing != 0 {
				return 0, Corrupt
			}
			s.acc, s.n = acc, n
			return out, 0
		}
		if n < matchBits {
			s.acc, s.n = acc, n
			s.refill()
			acc, n = s.acc, s.n
		}
		length := e.value() + int(acc&(1<<e.extra()-1))
		acc >>= e.extra()
		n -= e.extra()

		e = dist.root[uint(acc)&dist.mask%rootSize]
		if e&longer != 0 {
			e = dist.lookup(acc)
		}
		acc >>= e.bits()
		from := e.value() + int(acc&(1<<e.extra()-1))
		acc >>= e.extra()
		n -= e.bits() + e.extra()
		switch {
		case n > 63:
			return 0, Truncated
		case e&missing != 0, from > out:
			return 0, Corrupt
		case length > len(dst)-out:
			return 0, TooLong
		}
		repeat(dst[:out+length], out, from)
		out += length
	}
}

// repeat fills dst[out:] with what lies from bytes before it. Where that is less than there is to
// fill, the same bytes come again.
func repeat(dst []byte, out, from int) {
	for start := out - from; out < len(dst); {
		out += copy(dst[out:], dst[start:out])
	}
}
