package httpapi

import (
	"bufio"
	"crypto/rand"
	"encoding/base32"
	"net/http"
	"strings"
	"sync"
)

// requestID returns the ID that the client gave the request, if it is harmless, or a
// new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	// It goes into logs, where a line feed would forge a line.
	if id == "" || len(id) > 64 || strings.IndexFunc(id, isStrange) >= 0 {
		return newID()
	}
	return id
}

func isStrange(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		return false
	}
	return true
}

// randomness is read ahead: most requests need an ID, and [rand.Text] alone takes as long
// as to sign a token.
var randomness = sync.Pool{New: func() any { return bufio.NewReaderSize(rand.Reader, 1024) }}

var unpadded = base32.StdEncoding.WithPadding(base32.NoPadding)

// newID returns what [rand.Text] does: 128 bits that nobody had before. A counter would
// tell every client how much all others ask.
func newID() string {
	const bits = 128
	source := randomness.Get().(*bufio.Reader)
	defer randomness.Put(source)
	random, _ := source.Peek(bits / 8) // it never fails: see crypto/rand
	var text [(bits + 4) / 5]byte
	unpadded.Encode(text[:], random)
	_, _ = source.Discard(bits / 8)
	return string(text[:])
}
