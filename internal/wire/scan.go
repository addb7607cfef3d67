package wire

import (
	"unicode/utf8"
)

// scanner is a cursor over JSON text (RFC 8259). Reading past the end yields 0,
// which no rule of the grammar accepts outside a string.
type scanner struct {
	text []byte
	pos  int
}

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) next() byte {
	c := s.peek()
	s.pos++
	return c
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// end accepts white space, as the line feed that Tencent's Go library leaves,
// and nothing else. Official verifiers stop at a NUL or at the closing brace; what
// follows is then read by one party and not by another.
func (s *scanner) end() error {
	if s.space(); s.pos < len(s.text) {
		return fault(JSONTrailing)
	}
	return nil
}

func (s *scanner) value(depth int) (value, error) {
	switch c := s.peek(); {
	case c == '"':
		text, plain, err := s.str()
		return value{text, str, plain}, err
	case c == '-' || isDigit(c):
		text, err := s.number()
		return value{text: text, kind: number}, err
	case c == '{' || c == '[':
		return value{kind: other}, s.nested(depth)
	default:
		return value{kind: other}, s.literal()
	}
}

func (s *scanner) literal() error {
	for _, word := range [...]string{"true", "false", "null"} {
		if rest := s.text[min(s.pos, len(s.text)):]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			s.pos += len(word)
			return nil
		}
	}
	return fault(JSONSyntax)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (s *scanner) number() ([]byte, error) {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return nil, fault(JSONSyntax)
	}
	if s.peek() == '.' {
		if s.pos++; !s.digits() {
			return nil, fault(JSONSyntax)
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return nil, fault(JSONSyntax)
		}
	}
	return s.text[start:s.pos], nil
}

func (s *scanner) digits() bool {
	rest := s.text[min(s.pos, len(s.text)):]
	n := 0
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	s.pos += n
	return n > 0
}

// nested skips an object or an array in a member that the format does not define.
// Its grammar is checked, its names are not: nobody reads them.
func (s *scanner) nested(depth int) error {
	if depth == 0 {
		return fault(JSONSize)
	}
	object := s.next() == '{'
	closing := byte(']')
	if object {
		closing = '}'
	}
	if s.space(); s.peek() == closing {
		s.pos++
		return nil
	}
	for {
		if object {
			if _, _, err := s.str(); err != nil {
				return err
			}
			if s.space(); s.next() != ':' {
				return fault(JSONSyntax)
			}
			s.space()
		}
		if _, err := s.value(depth - 1); err != nil {
			return err
		}
		s.space()
		switch s.next() {
		case ',':
			s.space()
		case closing:
			return nil
		default:
			return fault(JSONSyntax)
		}
	}
}

// str reads a string and returns its decoded value, which shares the text's
// memory, and whether it is plain: printable ASCII without escapes.
func (s *scanner) str() (out []byte, plain bool, err error) {
	if s.next() != '"' {
		return nil, false, fault(JSONSyntax)
	}
	start := s.pos
	for i, c := range s.text[min(start, len(s.text)):] {
		if class := stringClass[c]; class != 0 {
			s.pos = start + i
			if class == endOfString {
				s.pos++
				return s.text[start : s.pos-1], true, nil
			}
			out, err = s.rest(start)
			return out, false, err
		}
	}
	return nil, false, fault(JSONSyntax)
}

// Classes of bytes inside a string; printable ASCII has none.
const (
	endOfString = 1 + iota
	notPlain
)

var stringClass = func() (t [256]uint8) {
	for c := range t {
		if c < ' ' || c == '\\' || c >= 0x7f {
			t[c] = notPlain
		}
	}
	t['"'] = endOfString
	return t
}()

// rest goes on with a string at the first byte that is not plain, decoding in
// place: what is written never passes what is read.
func (s *scanner) rest(start int) ([]byte, error) {
	out := s.text[start:s.pos]
	for s.pos < len(s.text) {
		c := s.next()
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				return nil, fault(JSONText)
			}
			return out, nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
		case c < ' ':
			return nil, fault(JSONSyntax)
		default:
			out = append(out, c)
		}
	}
	return nil, fault(JSONSyntax)
}

// escape reads what follows a backslash. Half a surrogate pair is refused:
// replacing it would make two different texts one.
func (s *scanner) escape() (rune, error) {
	switch c := s.next(); c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.unicode()
	}
	return 0, fault(JSONSyntax)
}

func (s *scanner) unicode() (rune, error) {
	r, ok := s.hex4()
	switch {
	case !ok:
		return 0, fault(JSONSyntax)
	case r < 0xd800 || r > 0xdfff:
		return r, nil
	case r >= 0xdc00 || s.next() != '\\' || s.next() != 'u':
		return 0, fault(JSONText)
	}
	low, ok := s.hex4()
	if !ok || low < 0xdc00 || low > 0xdfff {
		return 0, fault(JSONText)
	}
	return (r-0xd800)<<10 + (low - 0xdc00) + 0x10000, nil
}

func (s *scanner) hex4() (r rune, ok bool) {
	for range 4 {
		c := s.next()
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
