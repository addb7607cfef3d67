package inflate

const lengthSymbols = 19 // symbols of the code that code lengths are written in

// lengthOrder is the order in which the lengths of that code are given (RFC 1951, 3.2.7).
var lengthOrder = [lengthSymbols]uint8{
	16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
}

// readTables reads the codes in front of a block and makes d.lit and d.dist of them.
func (d *Decoder) readTables(s *stream) Fault {
	if !s.refill() {
		return Truncated
	}
	lits := int(s.take(5)) + 257
	dists := int(s.take(5)) + 1
	lengths := int(s.take(4)) + 4
	if lits > maxLit || dists > maxDist {
		return Corrupt
	}
	if f := d.readLengthTable(s, lengths); f != 0 {
		return f
	}
	if f := d.readCodes(s, lits, lits+dists); f != 0 {
		return f
	}
	if !d.lit.build(litMeanings[:]) || !d.dist.build(distMeanings[:]) {
		return Corrupt
	}
	return 0
}

// readLengthTable makes d.dist, which is not needed for anything else yet, the table of the code
// that the code lengths are written in.
func (d *Decoder) readLengthTable(s *stream, n int) Fault {
	var bits [lengthSymbols]uint8
	for _, symbol := range lengthOrder[:n] {
		if s.n < trailerBits && !s.refill() {
			return Truncated
		}
		bits[symbol] = uint8(s.take(3))
	}
	d.dist.clear()
	for symbol, n := range bits {
		d.dist.add(symbol, uint(n))
	}
	if !d.dist.build(lengthMeanings[:]) {
		return Corrupt
	}
	return 0
}

// readCodes reads the lengths of total codes, the first lits of which are for d.lit. The table in
// d.dist stays in use until the last is read: it is told the new lengths but not yet built.
func (d *Decoder) readCodes(s *stream, lits, total int) Fault {
	root, mask := &d.dist.root, d.dist.mask%rootSize
	d.lit.clear()
	d.dist.clear()
	acc, n, last := s.acc, s.n, uint(0)
	for i := 0; i < total; {
		if n < trailerBits {
			s.acc, s.n = acc, n
			if !s.refill() {
				return Truncated
			}
			acc, n = s.acc, s.n
		}
		e := root[uint(acc)&mask]
		acc >>= e.bits()
		n -= e.bits()
		if e&literal != 0 {
			last = uint(e.value())
			d.add(i, lits, last)
			i++
			continue
		}
		again := e.value() + int(acc&(1<<e.extra()-1))
		acc >>= e.extra()
		n -= e.extra()
		switch {
		case e&missing != 0, again > total-i, e&previous != 0 && i == 0:
			return Corrupt
		case e&previous == 0:
			last = 0
			i += again
		default:
			for end := i + again; i < end; i++ {
				d.add(i, lits, last)
			}
		}
	}
	s.acc, s.n = acc, n
	return 0
}

// add gives the length of the i-th code of a block header to its table.
func (d *Decoder) add(i, lits int, n uint) {
	if i < lits {
		d.lit.add(i, n)
	} else {
		d.dist.add(i-lits, n)
	}
}
