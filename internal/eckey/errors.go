package eckey

// Kind says what an input is, or what is wrong with it.
type Kind uint8

// The kinds of input. A private key, a public key and a SECRETKEY are errors only
// where another of them belongs.
const (
	KindUnknown     Kind = 1 + iota // binary data of no known kind
	KindPrivate                     // an ECDSA private key
	KindPublic                      // an ECDSA public key
	KindSecret                      // a SECRETKEY
	KindToken                       // a UserSig
	KindEmpty                       // nothing but white space
	KindNil                         // no key, but a nil pointer
	KindTooLarge                    // longer than any key file
	KindText                        // text without a BEGIN line
	KindEncoding                    // UTF-16, or a byte order mark
	KindQuoted                      // text in quotation marks
	KindJSON                        // a JWK or other JSON
	KindZip                         // keys.zip or another archive
	KindKeyStore                    // PKCS #12, or Java's
	KindDER                         // DER without PEM around it
	KindBare                        // base64 without BEGIN and END
	KindOneLine                     // PEM whose line breaks are gone
	KindIndented                    // something stands before the dashes
	KindEscaped                     // \n as two characters
	KindTruncated                   // BEGIN without END or the reverse
	KindBase64                      // the text between BEGIN and END is damaged
	KindAmbiguous                   // more than one block
	KindParameters                  // curve parameters without a key
	KindOtherPEM                    // a block of another kind
	KindEncrypted                   // a key under a passphrase
	KindCertificate                 // an X.509 certificate
	KindRequest                     // a certificate signing request
	KindSSH                         // an OpenSSH key
	KindPGP                         // an OpenPGP key
	KindPuTTY                       // a PuTTY key
	KindRSA                         // an RSA key
	KindDSA                         // a DSA key
	KindEdwards                     // an Ed25519, Ed448, X25519 or X448 key
	KindAlgorithm                   // a key for another algorithm
	KindCurve                       // a curve that is not supported
	KindExplicit                    // a curve given by numbers, not by name
	KindNoCurve                     // no curve at all
	KindDamaged                     // the DER inside is damaged
	KindMismatch                    // two parts of a file contradict each other
	KindRange                       // the private value is not a key of its curve
	KindPoint                       // the public point is not on its curve
	kindEnd
)

// Error is the refusal of an input. It holds nothing of the input itself.
type Error struct {
	Want  Kind   // what was to be parsed, KindPrivate, KindPublic or KindSecret, or 0 if nothing was
	Kind  Kind   // what was found
	Curve string // the curve's name if Kind is KindCurve and the curve is known
}

func refuse(kind Kind) *Error { return &Error{Kind: kind} }

// Error returns a short lower-case description.
func (e *Error) Error() string {
	text := e.Kind.Text()
	if e.Curve != "" {
		text += ": " + e.Curve
	}
	switch e.Want {
	case KindPrivate:
		return "parse private key: " + text
	case KindPublic:
		return "parse public key: " + text
	case KindSecret:
		return "parse secret: " + text
	default:
		return text
	}
}

// Hint returns what to do about it, in a sentence without a full stop.
func (e *Error) Hint() string { return e.Kind.Hint() }

// Kinds returns all kinds, so that a test can hold a translation complete.
func Kinds() []Kind {
	all := make([]Kind, 0, kindEnd-1)
	for k := KindUnknown; k < kindEnd; k++ {
		all = append(all, k)
	}
	return all
}

// String returns the stable name of the kind, such as "encrypted".
func (k Kind) String() string { return k.entry().name }

// Text returns what is said of an input of kind k where it does not belong.
func (k Kind) Text() string { return k.entry().text }

// Hint returns what to do with an input of kind k where it does not belong. FILE
// stands for the file it came from.
func (k Kind) Hint() string { return k.entry().hint }

func (k Kind) entry() entry {
	if k >= kindEnd {
		k = 0
	}
	return entries[k]
}
