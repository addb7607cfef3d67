package eckey

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sniff says what data is: [KindPrivate] and [KindPublic] for keys that ParsePrivate
// and ParsePublic accept, [KindSecret] for what looks like a SECRETKEY, and
// otherwise the kind of their refusal.
func Sniff(data []byte) Kind {
	_, err := parsePrivate(data)
	if err == nil {
		return KindPrivate
	}
	if err.Kind != KindPublic {
		return err.Kind
	}
	if _, err = parsePublic(data); err == nil {
		return KindPublic
	}
	return err.Kind
}

// looseKind returns the kind of data that is not PEM text at all, and 0 if a BEGIN
// line may be somewhere in it.
func looseKind(data []byte) Kind {
	switch {
	case len(data) > maxInput:
		return KindTooLarge
	case len(bytes.TrimSpace(data)) == 0:
		return KindEmpty
	case isWide(data):
		return KindEncoding
	case !isText(data):
		return binaryKind(data)
	}
	text := strings.TrimSpace(string(data))
	switch {
	case strings.HasPrefix(text, "{"):
		return KindJSON
	case strings.Contains(text, dashes+`\n`), strings.Contains(text, dashes+`\r\n`):
		return KindEscaped
	case isQuoted(text):
		return KindQuoted
	case strings.Contains(text, beginMark):
		return 0
	default:
		return bareKind(text)
	}
}

// isWide reports whether data is UTF-16 text, or begins with a byte order mark.
func isWide(data []byte) bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return true
		}
	}
	if len(data) < 4 {
		return false
	}
	little := data[0] != 0 && data[1] == 0 && data[2] != 0 && data[3] == 0
	big := data[0] == 0 && data[1] != 0 && data[2] == 0 && data[3] != 0
	return little || big
}

func isText(data []byte) bool {
	return utf8.Valid(data) && bytes.IndexFunc(data, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\t\n\v\f\r", r)
	}) < 0
}

func isQuoted(text string) bool {
	first, last := text[0], text[len(text)-1]
	return len(text) > 1 && first == last && strings.IndexByte("\"'`", first) >= 0
}

func binaryKind(data []byte) Kind {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return KindZip
	}
	if bytes.HasPrefix(data, []byte("\xfe\xed\xfe\xed")) { // Java's key store
		return KindKeyStore
	}
	return derKind(data)
}

// derKind returns KindDER if data is one DER SEQUENCE, KindKeyStore if that is a
// PKCS #12 file, which begins with the version 3, and KindUnknown otherwise.
func derKind(data []byte) Kind {
	var seq asn1.RawValue
	rest, err := asn1.Unmarshal(data, &seq)
	switch {
	case err != nil || len(rest) != 0 || seq.Tag != asn1.TagSequence || !seq.IsCompound:
		return KindUnknown
	case bytes.HasPrefix(seq.Bytes, []byte{2, 1, 3}):
		return KindKeyStore
	default:
		return KindDER
	}
}

// bareKind names trimmed text in which there is no BEGIN line.
func bareKind(text string) Kind {
	switch {
	case strings.Contains(text, endMark):
		return KindTruncated
	case strings.HasPrefix(text, "PuTTY-User-Key-File-"):
		return KindPuTTY
	case isSSHPublic(text):
		return KindSSH
	case isBareDER(text):
		return KindBare
	case isToken(text):
		return KindToken
	case isSecret(text):
		return KindSecret
	default:
		return KindText
	}
}

func isSSHPublic(text string) bool {
	first, _, more := strings.Cut(text, " ")
	return more && (strings.HasPrefix(first, "ssh-") || strings.HasPrefix(first, "ecdsa-sha2-") ||
		strings.HasPrefix(first, "sk-")) || strings.HasPrefix(text, "---- BEGIN SSH2 ")
}

// isBareDER reports whether text is the inside of a PEM block without its lines.
func isBareDER(text string) bool {
	packed := strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	der, err := base64.RawStdEncoding.DecodeString(packed)
	return err == nil && derKind(der) == KindDER
}

// isToken reports whether text is one of the tokens that keys are for: base64 of a
// zlib stream, or one that an SDK takes. The shortest real ones have 180 characters.
func isToken(text string) bool {
	if len(text) < 100 || len(strings.Fields(text)) != 1 {
		return false
	}
	return strings.HasPrefix(text, "eJ") || strings.HasPrefix(text, "eA") ||
		strings.HasPrefix(text, "us1.")
}

// isSecret reports whether text can be a SECRETKEY: one word of 32 bytes or more.
// Consoles hand out 64 hexadecimal digits, but the text itself is the key, so
// nothing forbids others.
func isSecret(text string) bool {
	return len(text) >= 32 && len(strings.Fields(text)) == 1
}
