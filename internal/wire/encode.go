package wire

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/adler32"
)

// An Encoder writes tokens. It owns the buffers that writing needs, so that a
// pooled one allocates nothing. It is not safe for concurrent use.
type Encoder struct {
	Scratch
	raw     []byte
	out     bytes.Buffer
	deflate *zlib.Writer
}

// version1 is the value of TLS.version that Tencent's console wrote. No verifier
// reads it and no signature covers it.
const version1 = "201512300000"

// Append appends the token that carries c and its signature.
//
// Uncompressed, the zlib stream is one stored block, the form of Tencent's Go
// library: about a quarter longer, and made without running a compressor.
func (e *Encoder) Append(dst []byte, s Scheme, c *Claims, sig []byte, compress bool) []byte {
	const header = 2 + 5 // zlib, stored block
	raw := append(e.raw[:0], 0x78, 0x01, 1, 0, 0, 0, 0)
	if s == V1 {
		raw = c.appendJSON1(raw, sig)
	} else {
		raw = c.appendJSON2(raw, sig)
	}
	e.raw = raw
	if compress {
		return outer.append(dst, e.compress(raw[header:]))
	}
	n := uint16(len(raw) - header) //nolint:gosec // G115: the user ID and the user buffer are capped far below 64 KiB
	binary.LittleEndian.PutUint16(raw[3:], n)
	binary.LittleEndian.PutUint16(raw[5:], ^n)
	e.raw = binary.BigEndian.AppendUint32(raw, adler32.Checksum(raw[header:]))
	return outer.append(dst, e.raw)
}

func (e *Encoder) compress(text []byte) []byte {
	e.out.Reset()
	if e.deflate == nil {
		e.deflate = zlib.NewWriter(&e.out) // level 6, as most libraries have it
	} else {
		e.deflate.Reset(&e.out)
	}
	// A bytes.Buffer takes every write.
	_, _ = e.deflate.Write(text)
	_ = e.deflate.Close()
	return e.out.Bytes()
}

// appendJSON1 writes the fields in the order of the PHP and Node.js libraries.
func (c *Claims) appendJSON1(dst, sig []byte) []byte {
	dst = append(dst, `{"TLS.account_type":"`...)
	dst = append(dst, c.accountType...)
	dst = append(dst, `","TLS.identifier":"`...)
	dst = appendEscaped(dst, c.user)
	dst = append(dst, `","TLS.appid_at_3rd":"`...)
	dst = append(dst, c.thirdParty...)
	dst = append(dst, `","TLS.sdk_appid":"`...)
	dst = append(dst, c.app...)
	dst = append(dst, `","TLS.expire_after":"`...)
	dst = append(dst, c.expire...)
	dst = append(dst, `","TLS.version":"`+version1+`","TLS.time":"`...)
	dst = append(dst, c.time...)
	dst = append(dst, '"')
	return c.appendTail(dst, sig)
}

// appendJSON2 writes the fields in the order of the Go and PHP libraries.
func (c *Claims) appendJSON2(dst, sig []byte) []byte {
	dst = append(dst, `{"TLS.ver":"2.0","TLS.identifier":"`...)
	dst = appendEscaped(dst, c.user)
	dst = append(dst, `","TLS.sdkappid":`...)
	dst = append(dst, c.app...)
	dst = append(dst, `,"TLS.expire":`...)
	dst = append(dst, c.expire...)
	dst = append(dst, `,"TLS.time":`...)
	dst = append(dst, c.time...)
	return c.appendTail(dst, sig)
}

func (c *Claims) appendTail(dst, sig []byte) []byte {
	if c.hasUserBuf {
		dst = append(dst, `,"TLS.userbuf":"`...)
		dst = append(dst, c.userBuf64...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"TLS.sig":"`...)
	dst = inner.append(dst, sig)
	return append(dst, `"}`...)
}

// appendEscaped appends text as the inside of a JSON string. Text is valid UTF-8
// without control characters, so two characters are left to escape.
func appendEscaped(dst, text []byte) []byte {
	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}
