package wire

import (
	"encoding/base64"
	"math"
	"unicode/utf8"
)

// maxSig is room for a DER signature of the largest curve (P-521: 139 bytes), in a
// size that base64 fills up.
const maxSig = 159

// interpret turns the object's values into fields, strictly: version 1 has
// strings where version 2 has numbers, and numbers are plain decimals in both.
// Official verifiers take "0x7f", "1e9", " 7" or 7.0 for numbers, each its own
// way, so that one token meant different things to different readers.
func (d *Decoder) interpret() error {
	d.fields = Fields{}
	if d.object.values[fVer].kind == absent {
		return d.interpret1()
	}
	return d.interpret2()
}

func (d *Decoder) interpret1() (err error) {
	f, o := &d.fields, &d.object
	f.Scheme = V1
	if f.text.accountType, err = o.text(fAccountType); err != nil {
		return err
	}
	if f.text.noThird = o.values[fThirdParty].kind == absent; !f.text.noThird {
		if f.text.thirdParty, err = o.text(fThirdParty); err != nil {
			return err
		}
	}
	return d.common(str, fSDKAppID1, fExpire1)
}

func (d *Decoder) interpret2() error {
	d.fields.Scheme = V2
	ver, err := d.object.text(fVer)
	if err != nil {
		return err
	}
	if string(ver) != "2.0" {
		return fieldFault(FieldVersion, fVer)
	}
	return d.common(number, fSDKAppID2, fExpire2)
}

// common reads what both versions have. Integers are values of kind k.
func (d *Decoder) common(k kind, app, expire fieldName) (err error) {
	f, o := &d.fields, &d.object
	if f.UserID, err = o.text(fIdentifier); err != nil {
		return err
	}
	if len(f.UserID) == 0 || len(f.UserID) > MaxUserID {
		return fieldFault(FieldLength, fIdentifier)
	}
	id, err := o.integer(app, k)
	if err != nil {
		return err
	}
	if id > math.MaxUint32 {
		return fieldFault(FieldRange, app)
	}
	f.AppID = uint32(id) //nolint:gosec // G115: checked above
	if f.Time, err = o.integer(fTime, k); err != nil {
		return err
	}
	if f.Expire, err = o.integer(expire, k); err != nil {
		return err
	}
	f.text.user, f.text.app = f.UserID, o.values[app].text
	f.text.time, f.text.expire = o.values[fTime].text, o.values[expire].text
	if f.Expire > math.MaxInt64-f.Time {
		// A sum that wraps or turns into a float has made expired tokens valid.
		return fieldFault(FieldRange, expire)
	}
	return d.bytes()
}

// bytes decodes the two fields that hold base64.
func (d *Decoder) bytes() (err error) {
	f, o := &d.fields, &d.object
	if f.HasUserBuf = o.values[fUserBuf].kind != absent; f.HasUserBuf {
		if f.UserBuf, err = o.base64(fUserBuf, d.inner[maxSig:], MaxUserBuf); err != nil {
			return err
		}
		f.text.userBuf64, f.text.hasUserBuf = o.values[fUserBuf].text, true
	}
	if f.Sig, err = o.base64(fSig, d.inner[:maxSig], maxSig); err == nil && len(f.Sig) == 0 {
		err = fieldFault(FieldLength, fSig)
	}
	return err
}

// base64 decodes into dst a field of at most most bytes. It takes one spelling
// only. Line breaks, which Go's decoder skips even when strict, are refused with
// other control characters.
func (o *object) base64(f fieldName, dst []byte, most int) ([]byte, error) {
	text, err := o.text(f)
	switch {
	case err != nil:
		return nil, err
	case len(text) > base64.StdEncoding.EncodedLen(most):
		return nil, fieldFault(FieldLength, f)
	}
	n, err := strict.Decode(dst, text)
	switch {
	case err != nil:
		return nil, fieldFault(InnerBase64, f)
	case n > most:
		return nil, fieldFault(FieldLength, f)
	}
	return dst[:n:n], nil
}

var strict = base64.StdEncoding.Strict()

// text returns a field that must be a string without control characters. A line
// feed would make the signed lines ambiguous; a NUL ends a string in C.
func (o *object) text(f fieldName) ([]byte, error) {
	v := &o.values[f]
	if err := v.want(f, str); err != nil {
		return nil, err
	}
	if !v.plain && HasControl(v.text) {
		return nil, fieldFault(FieldControl, f)
	}
	return v.text, nil
}

// integer returns a field that must be a value of kind k that reads as a plain
// decimal from 0 to 2^63-1.
func (o *object) integer(f fieldName, k kind) (int64, error) {
	v := &o.values[f]
	if err := v.want(f, k); err != nil {
		return 0, err
	}
	if len(v.text) == 0 || v.text[0] == '0' && len(v.text) > 1 {
		return 0, fieldFault(FieldInteger, f)
	}
	n := int64(0)
	for _, c := range v.text {
		if !isDigit(c) {
			return 0, fieldFault(FieldInteger, f)
		}
		digit := int64(c - '0')
		if n > (math.MaxInt64-digit)/10 {
			return 0, fieldFault(FieldRange, f)
		}
		n = n*10 + digit
	}
	return n, nil
}

func (v *value) want(f fieldName, k kind) error {
	switch v.kind {
	case k:
		return nil
	case absent:
		return fieldFault(FieldMissing, f)
	default:
		return fieldFault(FieldType, f)
	}
}

// HasControl reports whether text holds a control character: C0, DEL or C1.
func HasControl(text []byte) bool {
	for i, c := range text {
		if c < ' ' || c == 0x7f {
			return true
		}
		// C1 is U+0080 to U+009F: C2 80 to C2 9F.
		if c == 0xc2 && i+1 < len(text) && text[i+1] < 0xa0 {
			return true
		}
	}
	return false
}

// ValidText reports whether text may stand in a signed line: valid UTF-8 and no
// control character.
func ValidText(text []byte) bool { return utf8.Valid(text) && !HasControl(text) }
