package inflate_test

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"usersig/internal/inflate"
)

const room = 8192

func TestDecode(t *testing.T) {
	forms := map[string]inflate.Form{
		"fixed": inflate.Deflated, "dynamic": inflate.Deflated, "flushed": inflate.Deflated,
		"ticket": inflate.Deflated, "stored": inflate.Stored,
	}
	for name, src := range streams(t) {
		t.Run(name, func(t *testing.T) {
			if fault := agree(t, src, room); fault != 0 {
				t.Fatal(fault)
			}
			text, form, _ := decode(t, src, room)
			if form != forms[name] {
				t.Errorf("form = %v, want %v", form, forms[name])
			}
			if !json.Valid(text) {
				t.Errorf("text = %q, want JSON", text)
			}
			if _, _, fault := decode(t, src, len(text)); fault != 0 {
				t.Errorf("in just enough room: %v", fault)
			}
			if fault := agree(t, src, len(text)-1); fault != inflate.TooLong {
				t.Errorf("in one byte too little: %v, want %v", fault, inflate.TooLong)
			}
			for i := range src {
				if fault := agree(t, src[:i], room); fault != inflate.Truncated {
					t.Fatalf("cut to %d bytes: %v, want %v", i, fault, inflate.Truncated)
				}
			}
		})
	}
}

func TestForm(t *testing.T) {
	const text = "text"
	empty := func() *crafter { return new(crafter).stored(0, "") }
	for _, c := range []struct {
		name string
		src  []byte
		text string
		form inflate.Form
		same bool // the text lies in the source
	}{
		{"one stored block", new(crafter).stored(1, text).zlib(text), text, inflate.Stored, true},
		{"empty ones around it", empty().stored(0, text).stored(0, "").stored(1, "").zlib(text), text,
			inflate.Stored, true},
		{"two with text", empty().stored(0, "te").stored(1, "xt").zlib(text), text, inflate.Stored, false},
		{"no text", empty().stored(1, "").zlib(""), "", inflate.Stored, true},
		{"an empty fixed block behind", empty().stored(0, text).bits(3, 3).fixed(256).zlib(text), text,
			inflate.Deflated, false},
		{"a fixed block before", new(crafter).bits(2, 3).fixed('t', 'e', 256).stored(1, "xt").zlib(text),
			text, inflate.Deflated, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if fault := agree(t, c.src, room); fault != 0 {
				t.Fatal(fault)
			}
			dst := make([]byte, 0, room)
			text, form, _ := shared.Decode(dst, c.src)
			if string(text) != c.text || form != c.form {
				t.Errorf("Decode = %q, %v, want %q, %v", text, form, c.text, c.form)
			}
			if len(text) == 0 {
				return
			}
			if same := &text[0] != &dst[:1][0]; same != c.same {
				t.Errorf("text in source: %v, want %v", same, c.same)
			}
			if cap(text) != len(text) && c.same {
				t.Error("appending to the text would write over the source's checksum")
			}
		})
	}
	if got := inflate.Stored.String() + inflate.Deflated.String(); got != "storeddeflated" {
		t.Errorf("names of the forms: %s", got)
	}
}

// TestBomb shows that the end of the room ends the work: what comes after the first bytes of the
// bomb makes no difference, and nothing is allocated.
func TestBomb(t *testing.T) {
	var bomb bytes.Buffer
	w, err := zlib.NewWriterLevel(&bomb, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, src := range [][]byte{bomb.Bytes(), bomb.Bytes()[:64]} {
		if fault := agree(t, src, room); fault != inflate.TooLong {
			t.Errorf("%d bytes of a bomb: %v, want %v", len(src), fault, inflate.TooLong)
		}
	}
	dst := make([]byte, room)
	if n := testing.AllocsPerRun(10, func() { _, _, err = shared.Decode(dst, bomb.Bytes()) }); n != 0 {
		t.Errorf("a bomb costs %v allocations", n)
	}
}

func TestAllocations(t *testing.T) {
	dst := make([]byte, room)
	for name, src := range streams(t) {
		for _, src := range [][]byte{src, src[:len(src)-1], append(slices.Clone(src), 0)} {
			if n := testing.AllocsPerRun(100, func() { _, _, _ = shared.Decode(dst, src) }); n != 0 {
				t.Errorf("%s, %d bytes: %v allocations", name, len(src), n)
			}
		}
	}
}

func TestFaultText(t *testing.T) {
	seen := make(map[string]bool)
	for f := inflate.Header; f <= inflate.Trailing; f++ {
		text := f.Error()
		if text == "" || seen[text] || strings.ToLower(text[:1]) != text[:1] || strings.HasSuffix(text, ".") {
			t.Errorf("fault %d: text %q", f, text)
		}
		seen[text] = true
	}
}
