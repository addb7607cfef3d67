package wire

import (
	"errors"

	"usersig/internal/inflate"
)

// A Decoder reads tokens. It owns every buffer that reading needs, so that a
// pooled one allocates nothing. It is not safe for concurrent use.
type Decoder struct {
	raw     [MaxToken / 4 * 3]byte
	text    [MaxText]byte
	inner   [maxSig + MaxUserBuf + 2]byte // the signature, then the user buffer
	inflate inflate.Decoder
	object  object
	fields  Fields
}

// Decode reads token. The fields it returns are valid until the next call. With
// an error, which is an [*Error], it returns nil.
//
// The order is the cheapest refusal first: length, alphabet, zlib with a cap on
// its output, JSON, and only then what the fields mean.
func (d *Decoder) Decode(token string) (*Fields, error) {
	text, compressed, err := d.open(token)
	if err != nil {
		return nil, err
	}
	if err := d.object.parse(text); err != nil {
		return nil, err
	}
	if err := d.interpret(); err != nil {
		return nil, err
	}
	d.fields.Compressed = compressed
	return &d.fields, nil
}

// open undoes base64 and zlib and returns the JSON text.
func (d *Decoder) open(token string) (text []byte, compressed bool, err error) {
	if len(token) > MaxToken {
		return nil, false, fault(TooLong)
	}
	raw, err := decode64(d.raw[:], token)
	if err != nil {
		return nil, false, err
	}
	text, form, err := d.inflate.Decode(d.text[:], raw)
	if err != nil {
		return nil, false, fault(zlibFault(err))
	}
	return text, form == inflate.Deflated, nil
}

func zlibFault(err error) Fault {
	f, _ := errors.AsType[inflate.Fault](err)
	switch f {
	case inflate.Header, inflate.Dictionary:
		return ZlibHeader
	case inflate.Truncated:
		return ZlibTruncated
	case inflate.TooLong:
		return ZlibTooLong
	case inflate.Checksum:
		return ZlibChecksum
	case inflate.Trailing:
		return ZlibTrailing
	default:
		return ZlibCorrupt
	}
}

// Text returns a copy of the JSON text inside token, for people who want to see
// what went wrong further in.
func (d *Decoder) Text(token string) ([]byte, error) {
	text, _, err := d.open(token)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), text...), nil
}

// Unsigned returns the names of the fields of the token just decoded that no
// signature covers. Whoever held the token could have written anything there.
func (d *Decoder) Unsigned() []string {
	var names []string
	for i := range d.object.n {
		m := &d.object.members[i]
		if f, known := lookup(m.name); known && signed(d.fields.Scheme, f) {
			continue
		}
		names = append(names, string(m.name))
	}
	return names
}
