package inflate

import "math/bits"

const (
	maxLit   = 286 // symbols for literals and lengths that may occur
	maxDist  = 30  // symbols for distances that may occur
	maxBits  = 15  // bits of the longest code
	rootBits = 9   // bits of a code that are looked up at once
	rootSize = 1 << rootBits
)

// An entry says what a code means:
//
//	bits 0-5    length of the code
//	bits 8-11   number of extra bits behind it, to be added to the value
//	bits 12-26  value: a literal, a length, a distance
//	bits 27-31  flags
type entry uint32

const (
	literal  entry = 1 << 31 // the value is a literal, or the length of a code
	longer   entry = 1 << 30 // the code is longer than rootBits: ask lookup
	end      entry = 1 << 29 // end of block
	missing  entry = 1 << 28 // no code, or one that must not occur
	previous entry = 1 << 27 // the length before is repeated, not 0
)

func (e entry) bits() uint  { return uint(e & 63) }
func (e entry) extra() uint { return uint(e >> 8 & 15) }
func (e entry) value() int  { return int(e >> 12 & 0x7fff) }

// meaning is the entry of a symbol whose code is not known yet.
func meaning(value, extra int) entry { return entry(value<<12 | extra<<8) }

// A table decodes one prefix code. It is cleared, told each symbol's length in the order of the
// symbols, and built.
type table struct {
	// root is indexed by the bits that come next, of which mask+1 values differ. A code begins
	// with its highest bit, and that is the lowest of those, so codes stand here in reverse.
	root [rootSize]entry
	mask uint

	symbols  [maxBits + 1][maxLit + 2]uint16 // by length of code, in order
	count    [maxBits + 1]uint16             // how many there are of each length
	longest  uint                            // the greatest length
	next     int                             // the code after the last of up to rootBits bits
	meanings []entry                         // by symbol
}

// clear forgets the lengths.
func (t *table) clear() { t.count = [maxBits + 1]uint16{} }

// add says that the next symbol has a code of n bits, or none if n is 0.
func (t *table) add(symbol int, n uint) {
	n &= maxBits
	t.symbols[n][t.count[n]] = uint16(symbol)
	t.count[n]++
}

// build makes the table; meanings has an entry for each symbol. It reports false for what
// compress/flate refuses: too few codes or too many. No code at all, and a single one of a single
// bit, are let through, as zlib does too; to use what is missing is then corrupt.
func (t *table) build(meanings []entry) bool {
	words := 0
	t.longest, t.meanings = 0, meanings
	for n := uint(1); n <= maxBits; n++ {
		words = words<<1 + int(t.count[n])
		if t.count[n] != 0 {
			t.longest = n
		}
	}
	switch {
	case words == 1<<maxBits:
		t.fill()
	case t.longest == 0:
		t.mask, t.root[0] = 0, missing
	case t.longest == 1 && t.count[1] == 1:
		t.mask, t.root[0], t.root[1] = 1, meanings[t.symbols[1][0]]|1, missing
	default:
		return false
	}
	return true
}

// fill writes root. It begins with codes of one bit and doubles the table for each further bit,
// so that each code is written once and copied in bulk.
func (t *table) fill() {
	word, size := 0, 1
	for n := uint(1); n <= min(t.longest, rootBits); n++ {
		copy(t.root[size:], t.root[:size])
		size *= 2
		word *= 2
		for _, symbol := range t.symbols[n][:t.count[n]] {
			t.root[reverse(word, n)] = t.meanings[symbol] | entry(n)
			word++
		}
	}
	t.mask = uint(size - 1)
	t.next = word
	if t.longest > rootBits {
		for ; word < rootSize; word++ {
			t.root[reverse(word, rootBits)] = longer
		}
	}
}

// reverse returns the n lowest bits of word in reverse.
func reverse(word int, n uint) uint {
	return uint(bits.Reverse16(uint16(word))>>((16-n)&15)) % rootSize
}

// lookup returns the entry of the code of more than rootBits bits that acc begins with. The code is
// complete, so one that is not shorter than the longest is as long.
func (t *table) lookup(acc uint64) entry {
	word := int(reverse(int(acc), rootBits))
	acc >>= rootBits
	next := t.next
	for n := uint(rootBits + 1); ; n++ {
		word = word<<1 | int(acc&1)
		acc >>= 1
		next <<= 1
		count := int(t.count[n])
		if word-next < count || n == t.longest {
			return t.meanings[t.symbols[n][word-next]] | entry(n)
		}
		next += count
	}
}
