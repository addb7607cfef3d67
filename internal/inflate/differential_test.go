package inflate_test

import (
	"bytes"
	"compress/zlib"
	"math/rand/v2"
	"testing"

	"usersig/internal/inflate"
)

// TestDifferential holds Decode against compress/zlib on streams of every level, of one block and
// of many, and on damaged copies of them.
func TestDifferential(t *testing.T) {
	rng := rand.New(rand.NewPCG(1950, 1951))
	samples := streams(t)
	accepted := make(map[inflate.Form]int)
	for range 3000 {
		text := randomText(t, rng, samples)
		src := compress(t, rng, text)
		// Half of the time the text just fits or does not.
		limit := room
		if rng.IntN(2) == 0 {
			limit = max(0, len(text)-rng.IntN(3)+1)
		}
		if fault := agree(t, src, limit); (fault == 0) != (len(text) <= limit) {
			t.Fatalf("%d bytes of text in room for %d: %v", len(text), limit, fault)
		}
		_, form, _ := decode(t, src, limit)
		accepted[form]++
		for range 4 {
			agreeRepaired(t, damage(rng, src), limit)
		}
	}
	for form := range 3 {
		if accepted[inflate.Form(form)] < 200 {
			t.Errorf("only %d streams of form %d", accepted[inflate.Form(form)], form)
		}
	}
}

// TestDamagedTokens damages what issuers write: one bit at a time at every place, and at random.
func TestDamagedTokens(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, src := range streams(t) {
		for i := range len(src) * 8 {
			hurt := bytes.Clone(src)
			hurt[i/8] ^= 1 << (i % 8)
			agreeRepaired(t, hurt, room)
		}
		for range 1000 {
			agreeRepaired(t, damage(rng, src), room)
		}
	}
}

// TestFarMatch decodes what is longer than DEFLATE's window.
func TestFarMatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	text := make([]byte, 32<<10)
	for i := range text {
		text[i] = byte(rng.Uint32())
	}
	text = append(text, text...)
	for level := zlib.HuffmanOnly; level <= zlib.BestCompression; level++ {
		var b bytes.Buffer
		w := writer(t, level)
		w.Reset(&b)
		write(t, w, text)
		if fault := agree(t, b.Bytes(), len(text)); fault != 0 {
			t.Errorf("level %d: %v", level, fault)
		}
	}
}

// randomText makes a text like a token's, one of few different bytes, or one of noise.
func randomText(t *testing.T, rng *rand.Rand, samples map[string][]byte) []byte {
	if rng.IntN(2) == 0 {
		text, _, fault := decode(t, samples[tokens[rng.IntN(len(tokens))].name], room)
		if fault != 0 {
			t.Fatal(fault)
		}
		for range rng.IntN(40) {
			text[rng.IntN(len(text))] = byte(rng.Uint32())
		}
		return text
	}
	text := make([]byte, rng.IntN(1<<rng.IntN(14)+1))
	kinds := uint32(1) << rng.IntN(9)
	for i := range text {
		text[i] = byte(rng.Uint32N(kinds))
		if i > 40 && rng.IntN(20) == 0 {
			copy(text[i:], text[i-rng.IntN(40):i])
		}
	}
	return text
}

// compress writes text at a random level, in blocks that end at random places.
func compress(t *testing.T, rng *rand.Rand, text []byte) []byte {
	level := rng.IntN(zlib.BestCompression-zlib.HuffmanOnly+1) + zlib.HuffmanOnly
	if rng.IntN(5) == 0 {
		level = zlib.NoCompression
	}
	var b bytes.Buffer
	w := writer(t, level)
	w.Reset(&b)
	for range rng.IntN(4) {
		n := rng.IntN(len(text) + 1)
		if _, err := w.Write(text[:n]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
	write(t, w, text)
	return b.Bytes()
}

// writers has the zlib writer of each level, kept because making one is slow.
var writers = make(map[int]*zlib.Writer)

func writer(t *testing.T, level int) *zlib.Writer {
	if writers[level] == nil {
		w, err := zlib.NewWriterLevel(nil, level)
		if err != nil {
			t.Fatal(err)
		}
		writers[level] = w
	}
	return writers[level]
}

// write writes the rest of a stream.
func write(t *testing.T, w *zlib.Writer, text []byte) {
	t.Helper()
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// damage returns a copy of src that differs in up to three places, most of them near the start,
// where the codes are.
func damage(rng *rand.Rand, src []byte) []byte {
	src = bytes.Clone(src)
	for range rng.IntN(3) + 1 {
		if len(src) == 0 {
			break
		}
		i := rng.IntN(len(src))
		if rng.IntN(2) == 0 {
			i = min(i, 2+rng.IntN(60))
		}
		switch rng.IntN(5) {
		case 0:
			src[i] = byte(rng.Uint32())
		case 1:
			src = src[:i]
		case 2:
			src = append(src[:i:i], src[i+1:]...)
		case 3:
			src = append(src[:i:i], append([]byte{byte(rng.Uint32())}, src[i:]...)...)
		default:
			src[i] ^= 1 << rng.IntN(8)
		}
	}
	return src
}

// FuzzDecode looks for a stream on which Decode and compress/zlib do not agree.
func FuzzDecode(f *testing.F) {
	for _, src := range streams(f) {
		f.Add(src, uint16(room))
		f.Add(src, uint16(20))
	}
	f.Add(deepBlock().code(0x3fe, 10).code(0x7fe, 11).zlib("\x09"), uint16(room))
	f.Add(onlyDist(1).code(0, 1).code(3, 2).code(0, 1).code(2, 2).zlib("aaaa"), uint16(room))
	f.Fuzz(func(t *testing.T, src []byte, limit uint16) {
		agreeRepaired(t, src, int(limit))
	})
}
