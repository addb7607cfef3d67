package usersig_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/adler32"
	"io"
	"strings"
	"testing"

	"usersig"
)

// wrapWith compresses text by whatever writer make returns.
func wrapWith(text []byte, open func(*bytes.Buffer) io.WriteCloser) []byte {
	var b bytes.Buffer
	w := open(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

func gzipped(text []byte) []byte {
	return wrapWith(text, func(b *bytes.Buffer) io.WriteCloser { return gzip.NewWriter(b) })
}

func rawDeflated(text []byte) []byte {
	return wrapWith(text, func(b *bytes.Buffer) io.WriteCloser {
		w, _ := flate.NewWriter(b, 6)
		return w
	})
}

func atLevel(text []byte, level int) []byte {
	return wrapWith(text, func(b *bytes.Buffer) io.WriteCloser {
		w, _ := zlib.NewWriterLevel(b, level)
		return w
	})
}

func withDictionary(text []byte) []byte {
	return wrapWith(text, func(b *bytes.Buffer) io.WriteCloser {
		w, _ := zlib.NewWriterLevelDict(b, 6, []byte(`{"TLS.`))
		return w
	})
}

// cutLast cuts the last n bytes off a zlib stream.
func cutLast(raw []byte, n int) []byte { return raw[:len(raw)-n] }

func TestEnvelopeIsTaken(t *testing.T) {
	v := verifierOf(t, nil)
	for _, f := range forgers {
		text := []byte(f.make().text())
		for name, token := range map[string]string{
			"stored":           outer(atLevel(text, 0)),
			"level 1":          outer(atLevel(text, 1)),
			"level 9":          outer(atLevel(text, 9)),
			"Huffman only":     outer(atLevel(text, zlib.HuffmanOnly)),
			"plain base64":     base64.StdEncoding.EncodeToString(deflated(text)),
			"trailing LF":      wrapped(append(text, '\n')),
			"spaced JSON":      wrapped(bytes.ReplaceAll(text, []byte(`":`), []byte("\" :\r\n\t "))),
			"space before":     wrapped(append([]byte(" \n"), text...)),
			"escaped slash":    wrapped(bytes.ReplaceAll(text, []byte("/"), []byte(`\/`))),
			"escaped user":     wrapped(bytes.Replace(text, []byte("alice"), []byte(`\u0061lic\u0065`), 1)),
			"escaped name":     wrapped(bytes.Replace(text, []byte("TLS.time"), []byte(`TLS.\u0074ime`), 1)),
			"capital hex":      wrapped(bytes.Replace(text, []byte("l"), []byte(`\u006C`), 1)),
			"two stored parts": outer(storedIn(text, 7)),
		} {
			t.Run(f.name+"/"+name, func(t *testing.T) { wantAlice(t, v, token) })
		}
	}
}

// storedIn writes text as a zlib stream of stored blocks of n bytes.
func storedIn(text []byte, n int) []byte {
	b := []byte{0x78, 0x01}
	for rest := text; ; {
		part := rest[:min(n, len(rest))]
		rest = rest[len(part):]
		final := byte(0)
		if len(rest) == 0 {
			final = 1
		}
		b = append(b, final)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(part)))
		b = binary.LittleEndian.AppendUint16(b, ^uint16(len(part)))
		b = append(b, part...)
		if final == 1 {
			return binary.BigEndian.AppendUint32(b, adler32.Checksum(text))
		}
	}
}

func TestZlibIsStrict(t *testing.T) {
	var attacks []attack
	for _, f := range forgers {
		text := []byte(f.make().text())
		raw := deflated(text)
		badSum := bytes.Clone(raw)
		badSum[len(badSum)-1] ^= 1
		damaged := bytes.Clone(raw)
		damaged[2] = 7 // a block of the type that does not exist
		add := func(name string, raw []byte, part string) {
			attacks = append(attacks, attack{f.name + "/" + name, outer(raw), usersig.ErrMalformed, "zlib: " + part})
		}
		add("gzip", gzipped(text), "not a zlib stream")
		add("raw deflate", rawDeflated(text), "not a zlib stream")
		add("not compressed", text, "not a zlib stream")
		add("preset dictionary", withDictionary(text), "not a zlib stream")
		add("no Adler", cutLast(raw, 4), "stream ends early")
		for n := 1; n < 4; n++ {
			add("Adler cut", cutLast(raw, n), "stream ends early")
		}
		add("wrong Adler", badSum, "checksum does not match")
		add("cut in the middle", raw[:len(raw)/2], "stream ends early")
		add("header only", raw[:2], "stream ends early")
		add("one byte", raw[:1], "stream ends early")
		add("damaged", damaged, "compressed data is damaged")
		add("NUL after", append(bytes.Clone(raw), 0), "bytes follow the stream")
		add("text after", append(bytes.Clone(raw), "hello"...), "bytes follow the stream")
		add("two streams", append(bytes.Clone(raw), raw...), "bytes follow the stream")
		add("stored and text after", append(atLevel(text, 0), 'x'), "bytes follow the stream")
		add("gzip after", append(bytes.Clone(raw), gzipped(text)...), "bytes follow the stream")
	}
	runAttacks(t, verifierOf(t, nil), attacks)
}

// paddedBy returns a good token whose outer base64 ends in n padding characters.
func paddedBy(t *testing.T, make func() *forgery, n int) string {
	t.Helper()
	for id := "alice"; ; id += "x" {
		f := make().add("pad", quote(id))
		if token := outer(storedIn([]byte(f.text()), 1<<15)); strings.Count(token, "_") == n {
			return token
		}
	}
}

func TestBase64IsStrict(t *testing.T) {
	v := verifierOf(t, nil)
	var attacks []attack
	for _, f := range forgers {
		zero, one, two := paddedBy(t, f.make, 0), paddedBy(t, f.make, 1), paddedBy(t, f.make, 2)
		for _, token := range []string{zero, one, two} {
			wantAlice(t, v, token)
		}
		const (
			space, alien, mixed = "alphabet: white space", "alphabet: a character that no UserSig contains", "alphabet: characters of two base64 alphabets"
			length, padding     = "base64: length is not a multiple of four", "base64: padding or last character"
		)
		add := func(name, token, part string) {
			attacks = append(attacks, attack{f.name + "/" + name, token, usersig.ErrMalformed, part})
		}
		for name, s := range map[string]string{"space": " ", "tab": "\t", "LF": "\n", "CR": "\r", "CRLF": "\r\n", "VT": "\v", "FF": "\f", "four LF": "\n\n\n\n"} {
			add(name+" inside", one[:40]+s+one[40:], space)
			add(name+" before", s+one, space)
			add(name+" after", one+s, space)
		}
		for _, s := range []string{"!", "%2B", ".", ",", "\x00", "\x80", "é", "~", "\"", "\\", "\u00a0", "\ufeff"} {
			add("junk "+quote(s)+" inside", one[:40]+s+one[40:], alien)
			add("junk "+quote(s)+" after", one+s, alien)
		}
		add("junk for a character", one[:40]+"!"+one[41:], alien)
		add("LF for a character", one[:40]+"\n"+one[41:], space)
		add("padding missing", strings.TrimRight(one, "_"), length)
		add("paddings missing", strings.TrimRight(two, "_"), length)
		add("half the padding missing", two[:len(two)-1], length)
		add("too much padding", one+"_", length)
		add("four paddings more", one+"____", padding)
		add("padding on a whole token", zero+"____", padding)
		add("padding in the middle", zero[:40]+"____"+zero[40:], padding)
		add("one padding in the middle", zero[:40]+"_"+zero[41:], padding)
		add("padding before the last character", two[:len(two)-2]+"_A", padding)
		add("three paddings", two[:len(two)-3]+"___", padding)
		add("last quad of padding", two[:len(two)-4]+"____", padding)
		add("padding first", "____", padding)
		add("one character", "e", length)
		add("only padding", "_", length)
		add("two tokens", two+one, padding)
		for _, last := range respelled(one, 1) {
			add("unused bits", last, padding)
		}
		for _, last := range respelled(two, 2) {
			add("unused bits", last, padding)
		}
		add("both paddings", two[:len(two)-2]+"_=", mixed)
		withBoth := starred(t, f.make)
		add("padding of the other alphabet", strings.TrimRight(withBoth, "_")+strings.Repeat("=", strings.Count(withBoth, "_")), mixed)
		for name, r := range map[string]*strings.Replacer{
			"only plus kept": strings.NewReplacer("*", "+"), "only slash kept": strings.NewReplacer("-", "/"),
		} {
			add("mixed alphabets, "+name, r.Replace(withBoth), mixed)
		}
		// Whatever layer notices first.
		add("RFC 4648", strings.NewReplacer("*", "-", "-", "_", "_", "=").Replace(withBoth), "")
	}
	runAttacks(t, v, attacks)
}

// respelled returns the spellings of token that differ in the bits that no byte
// is made of.
func respelled(token string, pads int) (all []string) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-"
	i := len(token) - pads - 1
	at := strings.IndexByte(alphabet, token[i])
	for add := 1; add < 1<<(2*pads); add++ {
		all = append(all, token[:i]+string(alphabet[at+add])+token[i+1:])
	}
	return all
}

// starred returns a good token with both of the alphabet's special characters.
func starred(t *testing.T, make func() *forgery) string {
	t.Helper()
	for id := "x"; ; id += "?>" {
		f := make().add("pad", quote(id))
		if token := outer(storedIn([]byte(f.text()), 1<<15)); strings.Contains(token, "*") && strings.Contains(token, "-") && strings.HasSuffix(token, "_") {
			return token
		}
	}
}

func TestTokenLength(t *testing.T) {
	v := verifierOf(t, nil)
	// The longest good token: 8192 characters.
	long := func(n int) string {
		f := forge2(testSecret)
		f.add("pad", `""`)
		room := n/4*3 - 2 - 5 - 4 - len(f.text())
		return outer(storedIn([]byte(f.set("pad", `"`+strings.Repeat("x", room)+`"`).text()), 1<<15))
	}
	if token := long(8192); len(token) != 8192 {
		t.Fatalf("%d characters", len(token))
	}
	wantAlice(t, v, long(8192))
	runAttacks(t, v, []attack{
		{"8196 characters", long(8196), usersig.ErrMalformed, "alphabet: longer than 8192 characters"},
		{"a megabyte of junk", strings.Repeat("!", 1<<20), usersig.ErrMalformed, "alphabet: longer than 8192 characters"},
	})
}
