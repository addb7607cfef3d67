package httpapi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"usersig"
)

// The faults of a body. They quote nothing of it.
var (
	errNotUTF8   = errors.New("the body is not UTF-8")
	errSurrogate = errors.New("an escape in the body is half a character: one of a surrogate pair")
	errNotJSON   = errors.New("the body is not one JSON value")
	errDuplicate = errors.New("a name occurs twice in an object")
	errDeep      = errors.New("the body is nested too deeply")
	errType      = errors.New("a value is of another type than the description says")
)

// mostNested is deeper than any body that is asked for.
const mostNested = 16

// null is what null is decoded to. No route takes it for an absent value unless its
// type says so, and being neither nil nor of a JSON type it is refused as what it is.
type null struct{}

// MarshalJSON implements [json.Marshaler].
func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// unmarshal decodes JSON more strictly than encoding/json: names that occur twice,
// which another reader may understand in another way, and text that is not UTF-8 are
// refused. It is called first for the value that is validated, and then for the
// struct.
func unmarshal(data []byte, v any) error {
	if into, ok := v.(*any); ok {
		parsed, err := parse(data)
		if err == nil {
			*into = parsed
		}
		return err
	}
	err := json.Unmarshal(data, v)
	if _, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		err = unmarshalWhole(data, v)
	}
	if err == nil || errors.Is(err, usersig.ErrInvalidClaims) {
		return err // a type of ours says what is wrong, and cuts what it quotes
	}
	return errType
}

// unmarshalWhole is for whole numbers that are written as 60.0 or 6e1, which the
// description allows and the decoder does not.
func unmarshalWhole(data []byte, v any) error {
	parsed, err := parse(data)
	if err != nil {
		return err
	}
	if data, err = json.Marshal(parsed); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

func parse(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errNotUTF8
	}
	if halfPair(data) {
		return nil, errSurrogate
	}
	d := json.NewDecoder(bytes.NewReader(data))
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return v, nil
}

// halfPair reports whether JSON has an escape of one half of a surrogate pair without the
// other. The decoder makes U+FFFD of any, and so one user ID of two.
func halfPair(data []byte) bool {
	for {
		i := bytes.IndexByte(data, '\\') // of an escape: there are no others in JSON
		if i < 0 || i+1 == len(data) {
			return false
		}
		data = data[i:]
		switch r := escaped(data); {
		case utf16.IsSurrogate(r) && utf16.DecodeRune(r, escaped(data[6:])) == utf8.RuneError:
			return true
		case utf16.IsSurrogate(r):
			data = data[12:]
		default:
			data = data[2:]
		}
	}
}

// escaped returns the code unit of the escape \uXXXX that data begins with, and 0 if it
// begins with none.
func escaped(data []byte) rune {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0
	}
	var unit [2]byte
	if _, err := hex.Decode(unit[:], data[2:6]); err != nil {
		return 0
	}
	return rune(unit[0])<<8 | rune(unit[1])
}

func value(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	switch {
	case err != nil:
		return nil, errNotJSON
	case t == nil:
		return null{}, nil
	case depth > mostNested:
		return nil, errDeep
	case t == json.Delim('{'):
		return object(d, depth)
	case t == json.Delim('['):
		return array(d, depth)
	}
	return t, nil
}

func object(d *json.Decoder, depth int) (any, error) {
	m := make(map[string]any)
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errNotJSON
		}
		if _, twice := m[name]; twice {
			return nil, errDuplicate
		}
		if m[name], err = value(d, depth+1); err != nil {
			return nil, err
		}
	}
	return m, end(d)
}

func array(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := value(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, end(d)
}

// end reads the bracket that closes an object or an array.
func end(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errNotJSON
	}
	return nil
}
