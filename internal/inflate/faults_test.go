package inflate_test

import (
	"slices"
	"strings"
	"testing"

	"usersig/internal/inflate"
)

// deep are the lengths of a complete code as uneven as can be. Compressors hardly ever write codes
// of so many bits.
var deep = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15}

// deepBlock begins a block whose literals 0 to 9 have codes of 1 to 10 bits, end of block 11, the
// last lengths 12 to 15, and whose distances 14 to 29 have codes of 1 to 15 bits.
func deepBlock() *crafter {
	return new(crafter).plain(286, 30).lengths(deep[:10]...).zeros(246).lengths(11).zeros(24).
		lengths(12, 13, 14, 15, 15).zeros(14).lengths(deep...)
}

// onlyDist begins a block of 'a' with 1 bit (0), end of block (10) and 257, length 3, (11) with
// the given lengths of distances.
func onlyDist(dists ...int) *crafter {
	return new(crafter).plain(258, len(dists)).zeros(97).lengths(1).zeros(158).lengths(2, 2).
		lengths(dists...)
}

// open begins a final block in the fixed codes.
func open() *crafter { return new(crafter).bits(3, 3) }

func TestAccepted(t *testing.T) {
	for _, c := range []struct {
		name string
		src  []byte
		text string
	}{
		{"literals of all fixed lengths", open().fixed('a', 200, 256).zlib("a\xc8"), "a\xc8"},
		{"overlapping match", open().fixed('a', 'b', 259).code(1, 5).fixed(256).zlib("abababa"), "abababa"},
		{"length 258 in both spellings", open().fixed('a', 285).code(0, 5).fixed(284).bits(31, 5).
			code(0, 5).fixed(256).zlib(strings.Repeat("a", 517)), strings.Repeat("a", 517)},
		{"single distance of one bit", onlyDist(1).code(0, 1).code(3, 2).code(0, 1).code(2, 2).
			zlib("aaaa"), "aaaa"},
		{"no distance at all", onlyDist(0).code(0, 1).code(2, 2).zlib("a"), "a"},
		{"codes of 10 and 11 bits", deepBlock().code(0x3fe, 10).code(0x7fe, 11).zlib("\x09"), "\x09"},
		{"repetition from lengths into distances", new(crafter).plain(258, 2).zeros(256).lengths(1).
			lengths(16).bits(0, 2).code(0, 1).zlib(""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if fault := agree(t, c.src, room); fault != 0 {
				t.Fatal(fault)
			}
			if text, _, _ := decode(t, c.src, room); string(text) != c.text {
				t.Errorf("text = %q, want %q", text, c.text)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	good := new(crafter).stored(1, "text").zlib("text")
	deflated := open().fixed('t', 'e', 'x', 't', 256).zlib("text")
	changed := func(src []byte, i int, to byte) []byte {
		src = slices.Clone(src)
		src[i] = to
		return src
	}
	for _, c := range []struct {
		name string
		src  []byte
		room int
		want inflate.Fault
	}{
		{"nothing", nil, room, inflate.Truncated},
		{"half a header", good[:1], room, inflate.Truncated},
		{"method other than deflate", []byte{0x77, 0x85}, room, inflate.Header},
		{"window over 32 KiB", []byte{0x88, 0x1c, 3, 0, 0, 0, 0, 1}, room, inflate.Header},
		{"header check wrong", changed(good, 1, 2), room, inflate.Header},
		{"JSON", []byte(`{"TLS.ver":"2.0"}`), room, inflate.Header},
		{"dictionary", []byte{0x78, 0xbb, 0, 0, 0, 2, 3, 0, 0, 0, 0, 1}, room, inflate.Dictionary},
		{"empty dictionary", []byte{0x78, 0xbb, 0, 0, 0, 1, 3, 0, 0, 0, 0, 1}, room, inflate.Dictionary},

		{"no block", good[:2], room, inflate.Truncated},
		{"no stored length", good[:5], room, inflate.Truncated},
		{"part of a stored text", good[:9], room, inflate.Truncated},
		{"no checksum", good[:len(good)-4], room, inflate.Truncated},
		{"part of a checksum", good[:len(good)-1], room, inflate.Truncated},
		{"no counts", []byte{0x78, 1, 5, 0xff}, room, inflate.Truncated},
		{"part of the lengths' code", new(crafter).counts(257, 1, 19).bits(0, 14).zlib(""), room,
			inflate.Truncated},
		{"part of the lengths", new(crafter).plain(257, 1).lengths(1, 1, 1).zlib(""), room,
			inflate.Truncated},
		{"part of a long match", append([]byte{0x78, 1}, deepBlock().code(0x7ffe, 15).bits(0, 5).
			code(0x7fff, 15).out...), room, inflate.Truncated},

		{"block of the fourth kind", new(crafter).bits(7, 3).bits(0, 29).zlib(""), room, inflate.Corrupt},
		{"stored length against its complement", changed(good, 5, 0), room, inflate.Corrupt},
		{"287 literal codes", new(crafter).plain(287, 1).bits(0, 99).zlib(""), room, inflate.Corrupt},
		{"31 distance codes", new(crafter).plain(257, 31).bits(0, 99).zlib(""), room, inflate.Corrupt},
		{"too few codes for lengths", new(crafter).counts(257, 1, 4).bits(1<<9|2<<6, 12).bits(0, 99).
			zlib(""), room, inflate.Corrupt},
		{"too many codes for lengths", new(crafter).counts(257, 1, 4).bits(1<<9|1<<6|1<<3, 12).
			bits(0, 99).zlib(""), room, inflate.Corrupt},
		{"no code for lengths", new(crafter).counts(257, 1, 4).bits(0, 99).zlib(""), room, inflate.Corrupt},
		{"missing code for lengths", new(crafter).counts(257, 1, 4).bits(1<<9, 12).bits(1, 99).zlib(""),
			room, inflate.Corrupt},
		{"repetition of nothing", new(crafter).plain(257, 1).lengths(16).bits(0, 99).zlib(""), room,
			inflate.Corrupt},
		{"repetition past the end", new(crafter).plain(257, 1).zeros(256).lengths(18).bits(0, 99).
			zlib(""), room, inflate.Corrupt},
		{"too few literal codes", new(crafter).plain(257, 1).zeros(255).lengths(1, 2, 1).bits(0, 99).
			zlib(""), room, inflate.Corrupt},
		{"too many literal codes", new(crafter).plain(257, 1).zeros(254).lengths(1, 1, 1, 1).bits(0, 99).
			zlib(""), room, inflate.Corrupt},
		{"no literal code", new(crafter).plain(257, 1).zeros(257).lengths(1).bits(0, 99).zlib(""), room,
			inflate.Corrupt},
		{"single distance of two bits", onlyDist(2).code(2, 2).zlib(""), room, inflate.Corrupt},
		{"too many distance codes", onlyDist(1, 1, 1).code(2, 2).zlib(""), room, inflate.Corrupt},
		{"missing distance code", onlyDist(1).code(0, 1).code(3, 2).code(1, 1).code(2, 2).bits(0, 9).
			zlib("aaaa"), room, inflate.Corrupt},
		{"match without distance codes", onlyDist(0).code(0, 1).code(3, 2).bits(0, 9).zlib("a"), room,
			inflate.Corrupt},
		{"length symbol 286", open().fixed('a', 286).bits(0, 20).zlib("a"), room, inflate.Corrupt},
		{"length symbol 287", open().fixed('a', 287).bits(0, 20).zlib("a"), room, inflate.Corrupt},
		{"distance symbol 30", open().fixed('a', 257).code(30, 5).bits(0, 20).zlib("a"), room,
			inflate.Corrupt},
		{"distance symbol 31", open().fixed('a', 257).code(31, 5).bits(0, 20).zlib("a"), room,
			inflate.Corrupt},
		{"distance before the text", open().fixed('a', 257).code(1, 5).fixed(256).zlib("aaaa"), room,
			inflate.Corrupt},

		{"stored text too long", good, 3, inflate.TooLong},
		{"second stored text too long", new(crafter).stored(0, "te").stored(1, "xt").zlib("text"), 3,
			inflate.TooLong},
		{"literal too many", deflated, 3, inflate.TooLong},
		{"match too long", open().fixed('a', 257).code(0, 5).fixed(256).zlib("aaaa"), 3, inflate.TooLong},
		{"no room", deflated, 0, inflate.TooLong},

		{"checksum of a stored text", changed(good, len(good)-1, 0), room, inflate.Checksum},
		{"checksum of a deflated text", changed(deflated, len(deflated)-1, 0), room, inflate.Checksum},
		{"stored text changed", changed(good, 7, 'T'), room, inflate.Checksum},
		{"bytes after a stored text", append(slices.Clone(good), 0), room, inflate.Trailing},
		{"bytes after a deflated text", append(slices.Clone(deflated), good...), room, inflate.Trailing},
	} {
		t.Run(c.name, func(t *testing.T) {
			if fault := agree(t, c.src, c.room); fault != c.want {
				t.Errorf("fault = %v, want %v", fault, c.want)
			}
		})
	}
}
