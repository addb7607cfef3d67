package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestCensus(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int64
	}{
		{"nothing", "", 0},
		{"portable", "alice\nbob-1_2\r\n\n\r\ncarol", 0},
		{"others", "a b\nalice\nb@c\r\n用户", 3},
		{"too long, so rejected", strings.Repeat("@", 33) + "\n" + strings.Repeat("@", 9000) + "\na", 0},
		{"as long as may be", strings.Repeat("@", 32) + "\n" + strings.Repeat("@", 32) + "\r\n" + strings.Repeat("a", 32), 2},
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "data with EOF": iotest.DataErrReader,
		} {
			counted := &census{r: wrap(strings.NewReader(c.text))}
			got, err := io.ReadAll(counted)
			if err != nil || string(got) != c.text {
				t.Fatalf("%s, %s: %d bytes came through, %v", c.name, how, len(got), err)
			}
			if n := counted.unportable(); n != c.want {
				t.Errorf("%s, %s: %d, want %d", c.name, how, n, c.want)
			}
		}
	}
}

func TestCountLines(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "a": 1, "a\n": 1, "a\nb": 2, "\n\n": 2, strings.Repeat("abcdefg\n", 20000) + "x": 20001,
	} {
		path := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := countLines(f); err != nil || got != want {
			t.Errorf("countLines of %d bytes = %d, %v, want %d", len(text), got, err, want)
		}
		if rest, err := io.ReadAll(f); err != nil || string(rest) != text {
			t.Errorf("after countLines %d bytes are left, %v, want all %d", len(rest), err, len(text))
		}
		_ = f.Close()
	}
}
