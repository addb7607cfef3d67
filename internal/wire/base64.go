package wire

import (
	"encoding/binary"
	"slices"
)

// The outer alphabet is standard base64 with three characters replaced: '+' by
// '*', '/' by '-' and the padding '=' by '_'. It is not the URL alphabet of
// RFC 4648, where '-' stands for 62 and '_' for 63.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-"

// pairs maps twelve bits to their two characters, the first in the low byte. Half
// as many steps as one character at a time, and a fourth of the stores: encoding
// is a quarter of what signing with a secret costs.
type pairs struct {
	of  [1 << 12]uint16
	pad byte
}

var (
	outer = newPairs(alphabet, '_')
	inner = newPairs(alphabet[:62]+"+/", '=')
)

func newPairs(alphabet string, pad byte) *pairs {
	p := &pairs{pad: pad}
	for i := range p.of {
		p.of[i] = uint16(alphabet[i>>6]) | uint16(alphabet[i&63])<<8
	}
	return p
}

// append appends src in base64 with padding.
func (p *pairs) append(dst, src []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, (len(src)+2)/3*4)[:n+(len(src)+2)/3*4]
	out := dst[n:]
	for len(src) >= 3 && len(out) >= 4 {
		v := uint(src[0])<<16 | uint(src[1])<<8 | uint(src[2])
		binary.LittleEndian.PutUint32(out, uint32(p.of[v>>12])|uint32(p.of[v&0xfff])<<16)
		src, out = src[3:], out[4:]
	}
	switch len(src) {
	case 2:
		v := uint(src[0])<<16 | uint(src[1])<<8
		binary.LittleEndian.PutUint32(out, uint32(p.of[v>>12])|uint32(p.of[v&0xfff])<<16)
		out[3] = p.pad
	case 1:
		binary.LittleEndian.PutUint16(out, p.of[uint(src[0])<<4])
		out[2], out[3] = p.pad, p.pad
	}
	return dst
}

// Classes of characters, kept above the decoded bits so that one pass over a token
// decodes it and learns which alphabet it is in.
const (
	classOurs    = 1 << (iota + 24) // '*' '-' '_'
	classPlain                      // '+' '/' '='
	classPadding                    // '_' '='
	classSpace
	classOther
)

// sextets maps a character to its six bits and its classes; quads has the bits
// where the first, second, third and fourth character of a group put them.
var (
	sextets = sextetTable()
	quads   = [4][256]uint32{shifted(18), shifted(12), shifted(6), sextets}
)

func sextetTable() (t [256]uint32) {
	for i := range t {
		t[i] = classOther
	}
	for i, c := range []byte(alphabet) {
		t[c] = uint32(i)
	}
	t['*'] |= classOurs
	t['-'] |= classOurs
	t['_'] = classOurs | classPadding
	t['+'] = 62 | classPlain
	t['/'] = 63 | classPlain
	t['='] = classPlain | classPadding
	for _, c := range []byte(" \t\r\n\v\f") {
		t[c] = classSpace
	}
	return t
}

func shifted(n int) (t [256]uint32) {
	for c, v := range sextetTable() {
		t[c] = v&^63 | v&63<<n
	}
	return t
}

// decode64 decodes token into dst, which has room for it. It takes the alphabet
// above, or the plain one as a whole, which Tencent's first Node.js library emits.
// There is one spelling of each byte string in each of the two: padding is
// required, unused bits must be zero, and white space is not skipped, because
// every tolerated respelling is one more name for the same credential.
func decode64(dst []byte, token string) ([]byte, error) {
	if len(token) == 0 || len(token)%4 != 0 {
		return nil, unpadded(token)
	}
	body, n, seen := token[:len(token)-4], 0, uint32(0)
	for len(body) >= 4 {
		v := quads[0][body[0]] | quads[1][body[1]] | quads[2][body[2]] | quads[3][body[3]]
		seen |= v
		// The fourth byte written is the first of the next group.
		binary.BigEndian.PutUint32(dst[n:], v<<8)
		n, body = n+3, body[4:]
	}
	tail, class, ok := lastQuad(dst[:n], token[len(token)-4:])
	if err := alphabetFault(seen | class); err != nil {
		return nil, err
	}
	if !ok || seen&classPadding != 0 {
		return nil, fault(Base64)
	}
	return tail, nil
}

// lastQuad decodes the final four characters, where padding may be.
func lastQuad(dst []byte, quad string) (out []byte, class uint32, ok bool) {
	a, b, c, d := sextets[quad[0]], sextets[quad[1]], sextets[quad[2]], sextets[quad[3]]
	class = a | b | c | d
	v := a&63<<18 | b&63<<12 | c&63<<6 | d&63
	switch {
	case class&classPadding == 0:
		return append(dst, byte(v>>16), byte(v>>8), byte(v)), class, true
	case (a|b)&classPadding != 0 || d&classPadding == 0:
		return nil, class, false
	case c&classPadding == 0:
		return append(dst, byte(v>>16), byte(v>>8)), class, v&0xff == 0
	default:
		return append(dst, byte(v>>16)), class, v&0xffff == 0
	}
}

func alphabetFault(class uint32) error {
	switch {
	case class&classSpace != 0:
		return fault(WhiteSpace)
	case class&classOther != 0:
		return fault(Alphabet)
	case class&classOurs != 0 && class&classPlain != 0:
		return fault(MixedAlphabets)
	}
	return nil
}

// CheckText reports what is wrong with a token's text before it is decoded: its
// length or its characters. It takes no memory.
func CheckText(token string) error {
	if len(token) > MaxToken {
		return fault(TooLong)
	}
	if len(token)%4 != 0 {
		return unpadded(token)
	}
	return alphabetFault(classOf(token))
}

// unpadded explains a token whose length is wrong: white space or a foreign
// character in it is the better explanation if there is one.
func unpadded(token string) error {
	if err := alphabetFault(classOf(token)); err != nil {
		return err
	}
	return fault(NoPadding)
}

func classOf(token string) (class uint32) {
	for i := range len(token) {
		class |= sextets[token[i]]
	}
	return class
}
