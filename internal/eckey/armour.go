package eckey

import (
	"bytes"
	"encoding/pem"
	"strings"
)

// The labels of the blocks that are read and written.
const (
	labelPKCS8  = "PRIVATE KEY"
	labelSEC1   = "EC PRIVATE KEY"
	labelSPKI   = "PUBLIC KEY"
	labelParams = "EC PARAMETERS"
)

const (
	beginMark = "-----BEGIN "
	endMark   = "-----END "
	dashes    = "-----"
)

// labels says what the labels in PEM files found in the wild stand for.
var labels = map[string]Kind{
	labelPKCS8:                KindPrivate,
	labelSEC1:                 KindPrivate,
	labelSPKI:                 KindPublic,
	labelParams:               KindParameters,
	"ENCRYPTED PRIVATE KEY":   KindEncrypted,
	"RSA PRIVATE KEY":         KindRSA,
	"RSA PUBLIC KEY":          KindRSA,
	"DSA PRIVATE KEY":         KindDSA,
	"DSA PUBLIC KEY":          KindDSA,
	"DSA PARAMETERS":          KindDSA,
	"CERTIFICATE":             KindCertificate,
	"X509 CERTIFICATE":        KindCertificate,
	"TRUSTED CERTIFICATE":     KindCertificate,
	"PKCS7":                   KindCertificate,
	"CERTIFICATE REQUEST":     KindRequest,
	"NEW CERTIFICATE REQUEST": KindRequest,
	"OPENSSH PRIVATE KEY":     KindSSH,
}

func kindOfLabel(label string) Kind {
	if strings.HasPrefix(label, "PGP ") {
		return KindPGP
	}
	if kind, ok := labels[label]; ok {
		return kind
	}
	return KindOtherPEM
}

// onlyBlock returns the only PEM block in data that is not a set of parameters.
// Two keys in one file are ambiguous, and taking the first would be a guess.
func onlyBlock(data []byte) (*pem.Block, *Error) {
	if kind := looseKind(data); kind != 0 {
		return nil, refuse(kind)
	}
	blocks, err := splitBlocks(data)
	if err != nil {
		return nil, err
	}
	var found *pem.Block
	for _, armoured := range blocks {
		block, err := openBlock(armoured)
		switch {
		case err != nil:
			return nil, err
		case block.Type == labelParams:
		case found != nil && !sameWrong(found, block):
			return nil, refuse(KindAmbiguous)
		default:
			found = block
		}
	}
	if found == nil {
		return nil, refuse(KindParameters)
	}
	return found, nil
}

// sameWrong reports whether both blocks are of one kind that is no key of ours,
// like the certificates of a chain. To say so helps more than "ambiguous".
func sameWrong(a, b *pem.Block) bool {
	kind := kindOfLabel(a.Type)
	return kind == kindOfLabel(b.Type) && kind != KindPrivate && kind != KindPublic
}

// splitBlocks returns the blocks of the PEM text, each from its BEGIN line to its
// END line. The standard library's decoder is not asked to find them, because it
// passes in silence over the damaged ones that people need to hear of.
func splitBlocks(text []byte) ([][]byte, *Error) {
	var blocks [][]byte
	start := -1
	for offset := 0; offset < len(text); {
		next := len(text)
		if i := bytes.IndexByte(text[offset:], '\n'); i >= 0 {
			next = offset + i + 1
		}
		mark, kind := markOf(string(bytes.TrimRight(text[offset:next], " \t\r\n")))
		switch {
		case kind != 0:
			return nil, refuse(kind)
		case mark == "":
		case (mark == beginMark) == (start >= 0):
			return nil, refuse(KindTruncated) // BEGIN in a block, or END outside one
		case mark == beginMark:
			start = offset
		default:
			blocks = append(blocks, text[start:next])
			start = -1
		}
		offset = next
	}
	if start >= 0 {
		return nil, refuse(KindTruncated)
	}
	return blocks, nil
}

// markOf says whether line is a BEGIN or an END line, or what is wrong with it if
// it only contains one.
func markOf(line string) (mark string, wrong Kind) {
	mark = beginMark
	at := strings.Index(line, mark)
	if at < 0 {
		mark = endMark
		at = strings.Index(line, mark)
	}
	if at < 0 {
		return "", 0
	}
	label, after, closed := strings.Cut(line[at+len(mark):], dashes)
	switch {
	case !closed || label == "":
		return "", KindTruncated
	case after != "":
		return "", KindOneLine
	case at == 0:
		return mark, 0
	case mark == endMark && strings.TrimSpace(line[:at]) != "":
		return "", KindOneLine
	default:
		return "", KindIndented
	}
}

// openBlock decodes text, which begins with a BEGIN line, ends with an END line
// and has no other such line.
func openBlock(text []byte) (*pem.Block, *Error) {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return nil, refuse(KindBase64)
	case strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, refuse(KindEncrypted)
	case len(block.Bytes) == 0:
		return nil, refuse(KindTruncated)
	}
	return block, nil
}
