package inflate_test

import (
	"encoding/binary"
	"hash/adler32"
)

// A crafter writes DEFLATE blocks bit by bit, those that no compressor would write too.
type crafter struct {
	out  []byte
	free int  // bits not yet used in the last byte
	more bool // counts begins blocks that are not the last
}

// bits writes the n lowest bits of v, the lowest first, as everything but a code is written.
func (c *crafter) bits(v, n int) *crafter {
	for i := range n {
		if c.free == 0 {
			c.out, c.free = append(c.out, 0), 8
		}
		c.out[len(c.out)-1] |= byte(v>>i&1) << (8 - c.free)
		c.free--
	}
	return c
}

// code writes a code of n bits, the highest first.
func (c *crafter) code(v, n int) *crafter {
	for i := n - 1; i >= 0; i-- {
		c.bits(v>>i, 1)
	}
	return c
}

// fixed writes a symbol for literals and lengths in the fixed code.
func (c *crafter) fixed(symbols ...int) *crafter {
	for _, s := range symbols {
		switch {
		case s < 144:
			c.code(0x30+s, 8)
		case s < 256:
			c.code(0x190+s-144, 9)
		case s < 280:
			c.code(s-256, 7)
		default:
			c.code(0xc0+s-280, 8)
		}
	}
	return c
}

// stored writes a stored block.
func (c *crafter) stored(final int, text string) *crafter {
	c.bits(final, 3)
	c.free = 0
	c.out = binary.LittleEndian.AppendUint16(c.out, uint16(len(text)))
	c.out = binary.LittleEndian.AppendUint16(c.out, ^uint16(len(text)))
	c.out = append(c.out, text...)
	return c
}

// counts begins a block with codes of its own, the last one unless c.more, up to the lengths of
// the code for lengths.
func (c *crafter) counts(lits, dists, lengths int) *crafter {
	return c.bits(btoi(!c.more), 1).bits(2, 2).
		bits(lits-257, 5).bits(dists-1, 5).bits(lengths-4, 4)
}

// plain gives the symbols 0 to 12 of the code for lengths 4 bits, and 13 to 18 5 bits.
func (c *crafter) plain(lits, dists int) *crafter {
	c.counts(lits, dists, 19)
	for _, s := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		c.bits(4+btoi(s > 12), 3)
	}
	return c
}

// lengths writes symbols in the code that plain announces.
func (c *crafter) lengths(symbols ...int) *crafter {
	for _, s := range symbols {
		if s <= 12 {
			c.code(s, 4)
		} else {
			c.code(26+s-13, 5)
		}
	}
	return c
}

// zeros writes n lengths of 0 with repetitions in the code that plain announces.
func (c *crafter) zeros(n int) *crafter {
	for ; n > 138+11; n -= 138 {
		c.lengths(18).bits(127, 7)
	}
	for ; n >= 11; n -= min(n, 138) {
		c.lengths(18).bits(min(n, 138)-11, 7)
	}
	for range n {
		c.lengths(0)
	}
	return c
}

// zlib returns what was written as a zlib stream of the text.
func (c *crafter) zlib(text string) []byte {
	src := append([]byte{0x78, 0x01}, c.out...)
	return binary.BigEndian.AppendUint32(src, adler32.Checksum([]byte(text)))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
