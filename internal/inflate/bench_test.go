package inflate_test

import (
	"bytes"
	"compress/zlib"
	"io"
	"testing"

	"usersig/internal/inflate"
)

// BenchmarkDecode measures each shape of token beside compress/zlib with a reader used again.
func BenchmarkDecode(b *testing.B) {
	dst := make([]byte, room)
	all := streams(b)
	for _, t := range tokens {
		src := all[t.name]
		b.Run(t.name+"/own", func(b *testing.B) { own(b, dst, src, 0) })
		b.Run(t.name+"/zlib", func(b *testing.B) { theirs(b, dst, src) })
	}
}

// BenchmarkHostile measures the most expensive 6 KiB, what a token of 8 KiB can carry, that we
// know of: as many codes as possible that each fill the whole table and hold no text.
func BenchmarkHostile(b *testing.B) {
	dst := make([]byte, room)
	tables, empty := &crafter{more: true}, new(crafter)
	for len(tables.out) < 6000 {
		table(tables)
	}
	for len(empty.out) < 6000 {
		empty.bits(2, 3).fixed(256)
	}
	bomb := new(crafter).bits(3, 3).fixed(0)
	for len(bomb.out) < 6000 {
		bomb.fixed(285).code(0, 5)
	}
	src := tables.stored(1, "").zlib("")
	b.Run("tables/own", func(b *testing.B) { own(b, dst, src, 0) })
	b.Run("tables/zlib", func(b *testing.B) { theirs(b, dst, src) })
	b.Run("empty", func(b *testing.B) { own(b, dst, empty.stored(1, "").zlib(""), 0) })
	b.Run("bomb", func(b *testing.B) { own(b, dst, bomb.fixed(256).zlib(""), inflate.TooLong) })
}

// table writes a block without text whose every symbol has a code, 226 of 8 bits and 60 of 9, in
// as few bits as can be: the lengths are repetitions of the one before.
func table(c *crafter) {
	c.counts(286, 1, 7).bits(1, 3).bits(0, 6).bits(3, 3).bits(2, 3).bits(0, 3).bits(3, 3)
	repeat := func(n int) {
		for ; n > 0; n -= min(n, 6) {
			c.code(0, 1).bits(min(n, 6)-3, 2)
		}
	}
	c.code(2, 2) // 8
	repeat(225)
	c.code(7, 3) // 9
	repeat(57)
	c.code(7, 3).code(7, 3)
	c.code(6, 3)        // no distance
	c.code(2*226+30, 9) // end of block
}

// own measures Decode on src, which must end with the fault wanted.
func own(b *testing.B, dst, src []byte, want inflate.Fault) {
	var d inflate.Decoder
	b.ReportAllocs()
	for b.Loop() {
		_, _, err := d.Decode(dst, src)
		if got, _ := err.(inflate.Fault); got != want {
			b.Fatal(err)
		}
	}
}

// theirs measures compress/zlib on src with a reader that is used again.
func theirs(b *testing.B, dst, src []byte) {
	in := bytes.NewReader(src)
	r, err := zlib.NewReader(in)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(src)
		if err := r.(zlib.Resetter).Reset(in, nil); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(r, dst); err != io.ErrUnexpectedEOF && err != io.EOF {
			b.Fatal(err)
		}
	}
}
