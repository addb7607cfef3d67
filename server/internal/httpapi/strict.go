package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"usersig"
)

// The faults of a body. They quote nothing of it.
var (
	errNotUTF8   = errors.New("the body is not UTF-8")
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
