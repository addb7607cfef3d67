package wire

import (
	"bytes"
)

// fieldName is a field that the format defines.
type fieldName uint8

const (
	fVer fieldName = iota
	fIdentifier
	fTime
	fUserBuf
	fSig
	fSDKAppID2 // version 2
	fExpire2   // version 2
	fSDKAppID1 // version 1
	fExpire1   // version 1
	fAccountType
	fThirdParty
	fVersion
	numFields
)

var names = [numFields]string{
	fVer:         "TLS.ver",
	fIdentifier:  "TLS.identifier",
	fTime:        "TLS.time",
	fUserBuf:     "TLS.userbuf",
	fSig:         "TLS.sig",
	fSDKAppID2:   "TLS.sdkappid",
	fExpire2:     "TLS.expire",
	fSDKAppID1:   "TLS.sdk_appid",
	fExpire1:     "TLS.expire_after",
	fAccountType: "TLS.account_type",
	fThirdParty:  "TLS.appid_at_3rd",
	fVersion:     "TLS.version",
}

func lookup(name []byte) (fieldName, bool) {
	for f := range numFields {
		if string(name) == names[f] {
			return f, true
		}
	}
	return 0, false
}

// signed reports whether a signature of scheme s covers field f. TLS.sig is
// counted as covered: it is the signature.
func signed(s Scheme, f fieldName) bool {
	switch f {
	case fIdentifier, fTime, fUserBuf, fSig:
		return true
	case fSDKAppID2, fExpire2:
		return s == V2
	case fSDKAppID1, fExpire1, fAccountType, fThirdParty:
		return s == V1
	default:
		return false
	}
}

// kind is the JSON type of a value, as far as the format cares.
type kind uint8

const (
	absent kind = iota
	str
	number
	other
)

type value struct {
	text  []byte // the decoded string, or the number as written
	kind  kind
	plain bool // a string of printable ASCII without escapes
}

type member struct{ name []byte }

// object is one JSON object: the values of the fields the format defines, and
// the names of all its members.
type object struct {
	values  [numFields]value
	members [maxMembers]member
	n       int
}

// parse reads text, which must hold exactly one JSON object with white space
// around it at most. It decodes strings in place.
//
// It is stricter than encoding/json where leniency has been a hole: a name that
// occurs twice, after decoding, is refused (parsers disagree on which one counts),
// and so is a name that is one of ours but for its case (encoding/json would let
// "tls.IDENTIFIER" overwrite "TLS.identifier").
func (o *object) parse(text []byte) error {
	o.n, o.values = 0, [numFields]value{}
	s := scanner{text: text}
	if s.space(); s.next() != '{' {
		return fault(NotObject)
	}
	if s.space(); s.peek() == '}' {
		s.pos++
		return s.end()
	}
	for {
		if err := o.member(&s); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.space()
		case '}':
			return s.end()
		default:
			return fault(JSONSyntax)
		}
	}
}

func (o *object) member(s *scanner) error {
	name, _, err := s.str()
	if err != nil {
		return err
	}
	if s.space(); s.next() != ':' {
		return fault(JSONSyntax)
	}
	s.space()
	v, err := s.value(maxDepth)
	if err != nil {
		return err
	}
	s.space()
	return o.add(name, v)
}

func (o *object) add(name []byte, v value) error {
	if o.n == maxMembers {
		return fault(JSONSize)
	}
	f, known := lookup(name)
	if known {
		if o.values[f].kind != absent {
			return fieldFault(JSONDuplicate, f)
		}
		o.values[f] = v
	} else if err := o.checkStranger(name); err != nil {
		return err
	}
	o.members[o.n].name = name
	o.n++
	return nil
}

// checkStranger refuses a name that is not ours if some other reader could take
// it for one of ours, or if it came before.
func (o *object) checkStranger(name []byte) error {
	if HasControl(name) {
		// A NUL ends the name for a reader in C, and an escape sequence would write to
		// the terminal of whoever looks at the token.
		return fault(JSONName)
	}
	for f := range numFields {
		if bytes.EqualFold(name, []byte(names[f])) {
			return fieldFault(JSONCase, f)
		}
	}
	for i := range o.n {
		if bytes.Equal(o.members[i].name, name) {
			return fault(JSONDuplicate)
		}
	}
	return nil
}
