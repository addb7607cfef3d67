package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"usersig/server/internal/issuer"
)

// A shortcut answers a request that has the plainest form there is, as the library would
// and without it, and reports false for any other, which it leaves as it was. A request
// has gone through the door by then. That what it takes is answered in the very same way
// is for a test to hold.
type shortcut func(s *server, ctx context.Context, w *reply, r *http.Request) bool

// shortcuts are by the name of their route: of the one that is asked for more than all
// others together.
var shortcuts = map[string]shortcut{"issueUserSig": (*server).issueUserSigShort}

var jsonType = []string{"application/json"}

func (s *server) issueUserSigShort(ctx context.Context, w *reply, r *http.Request) bool {
	app, known := plainApp(r.PathValue("sdkappid"))
	wish, plain := plainWish(w.call.body)
	if !known || !plain || !isPlain(r) {
		return false
	}
	t, err := s.svc.Issue(ctx, w.call.caller, app, issuer.Wish{UserID: wish.UserID, TTL: seconds(wish.TTL)})
	if err != nil {
		s.refuse(w, w.call, s.problemOf(ctx, err))
		return true
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	*buf = appendUserSig((*buf)[:0], app, &t)
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write(*buf)
	return true
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// isPlain reports whether a request wants and brings JSON and says nothing in its query.
func isPlain(r *http.Request) bool {
	types, accept := r.Header["Content-Type"], r.Header["Accept"]
	return r.URL.RawQuery == "" && !r.URL.ForceQuery && len(types) == 1 && types[0] == "application/json" &&
		(len(accept) == 0 || len(accept) == 1 && (accept[0] == "*/*" || accept[0] == "application/json"))
}

// plainApp reads an SDKAppID in its only spelling that has no other reading.
func plainApp(text string) (uint32, bool) {
	n, ok := plainNumber([]byte(text))
	return uint32(n), ok && n <= 1<<32-1 //nolint:gosec // G115: it is not used then
}

// plainNumber reads digits that do not begin with 0, and ten at most.
func plainNumber(digits []byte) (n int64, ok bool) {
	if len(digits) == 0 || len(digits) > 10 || digits[0] == '0' {
		return 0, false
	}
	for _, d := range digits {
		if d < '0' || '9' < d {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	return n, true
}

// mostTTL is the maximum in the description.
const mostTTL = 1576800000

// plainWish reads an object with a userid, and perhaps a ttl after it, in which there is
// nothing to unescape and nothing that not every reader understands alike.
func plainWish(body []byte) (userSigWish, bool) {
	p := plainJSON{body}
	if !p.take('{') || !p.take('"') || !p.word("userid") || !p.take(':') || !p.take('"') {
		return userSigWish{}, false
	}
	user := p.until('"')
	if len(user) == 0 || len(user) > 32 {
		return userSigWish{}, false
	}
	wish := userSigWish{UserID: string(user)}
	if p.take(',') {
		if !p.take('"') || !p.word("ttl") || !p.take(':') {
			return userSigWish{}, false
		}
		var ok bool
		if wish.TTL, ok = plainNumber(p.digits()); !ok || wish.TTL > mostTTL {
			return userSigWish{}, false
		}
	}
	return wish, p.take('}') && p.ends()
}

// plainJSON reads JSON from its front.
type plainJSON struct{ rest []byte }

// take takes a character that white space may come before.
func (p *plainJSON) take(c byte) bool {
	p.skip()
	if len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *plainJSON) skip() {
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\n' || p.rest[0] == '\r' || p.rest[0] == '\t') {
		p.rest = p.rest[1:]
	}
}

// word takes a name and the quotation mark that ends it.
func (p *plainJSON) word(name string) bool {
	return string(p.until('"')) == name
}

// until takes printable ASCII without escapes up to the character that ends it, and that
// one, or nothing.
func (p *plainJSON) until(end byte) []byte {
	for i, c := range p.rest {
		switch {
		case c == end:
			text := p.rest[:i]
			p.rest = p.rest[i+1:]
			return text
		case c < ' ', c > '~', c == '\\':
			return nil
		}
	}
	return nil
}

func (p *plainJSON) digits() []byte {
	p.skip()
	n := 0
	for n < len(p.rest) && '0' <= p.rest[n] && p.rest[n] <= '9' {
		n++
	}
	digits := p.rest[:n]
	p.rest = p.rest[n:]
	return digits
}

func (p *plainJSON) ends() bool {
	p.skip()
	return len(p.rest) == 0
}

// appendUserSig appends the JSON of an [issuedUserSig]. No string in it needs an escape:
// the user ID was plain or is quoted, and the others are made here.
func appendUserSig(b []byte, app uint32, t *issuer.Issued) []byte {
	b = append(append(b, `{"usersig":"`...), t.Token...)
	b = strconv.AppendUint(append(b, `","sdkappid":`...), uint64(app), 10)
	b = append(append(b, `,"userid":"`...), t.UserID...)
	b = t.IssuedAt.AppendFormat(append(b, `","issued_at":"`...), time.RFC3339Nano)
	b = t.ExpiresAt.AppendFormat(append(b, `","expires_at":"`...), time.RFC3339Nano)
	b = append(append(b, `","key_id":"`...), t.KeyID...)
	return append(b, "\"}\n"...)
}
