package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usersig"
	"usersig/internal/wire"
)

// A row is
//
//	CSV     userid,TOKEN LF
//	NDJSON  {"userid":"…","usersig":"TOKEN","expires_at":"2006-01-02T15:04:05Z"} LF
//
// No user ID holds a control character and no token a quote, a comma or a line
// feed. So a row is one line, and what precedes the token follows from the user ID.
const (
	header = "userid,usersig\n"

	jsonBefore  = `{"userid":"`
	jsonBetween = `","usersig":"`
	jsonAfter   = `","expires_at":"`
	jsonEnd     = "\"}\n"
)

func (j *Job) hasHeader() bool { return j.Header && j.Format == CSV }

func (j *Job) writeHeader() error {
	if !j.hasHeader() {
		return nil
	}
	if _, err := io.WriteString(j.Out, header); err != nil {
		return fmt.Errorf("write tokens: %w", err)
	}
	return nil
}

// appendOpening appends what precedes the token in the row of a user.
func (f Format) appendOpening(dst []byte, user string) []byte {
	if f == NDJSON {
		dst = append(dst, jsonBefore...)
		dst = appendJSON(dst, user)
		return append(dst, jsonBetween...)
	}
	return append(appendField(dst, user), ',')
}

// appendField appends a CSV field as encoding/csv writes it.
func appendField(dst []byte, field string) []byte {
	first, _ := utf8.DecodeRuneInString(field)
	if field != `\.` && !strings.ContainsAny(field, `,"`) && !unicode.IsSpace(first) {
		return append(dst, field...)
	}
	dst = append(dst, '"')
	for i := range len(field) {
		if field[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, field[i])
	}
	return append(dst, '"')
}

// appendJSON appends the inside of a JSON string, text being without control
// characters. U+2028 and U+2029 may stand in JSON as they are, but some readers
// take them for the end of the line.
func appendJSON(dst []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == 0xe2 && strings.HasPrefix(text[i:], "\u2028"):
			dst = append(dst, `\u2028`...)
			i += 2
		case c == 0xe2 && strings.HasPrefix(text[i:], "\u2029"):
			dst = append(dst, `\u2029`...)
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// tokenIn returns the token in a row, given what follows the opening.
func (f Format) tokenIn(rest []byte) string {
	end := byte('\n')
	if f == NDJSON {
		end = '"'
	}
	token, _, _ := bytes.Cut(rest, []byte{end})
	return string(token)
}

// rowEnds reports whether rest, which follows the opening, is a token and the end of
// a row.
func (f Format) rowEnds(rest []byte) bool {
	token := f.tokenIn(rest)
	end := rest[len(token):]
	if token == "" || wire.CheckText(token) != nil {
		return false
	}
	if f == CSV {
		return string(end) == "\n"
	}
	stamp, ok := strings.CutPrefix(string(end), jsonAfter)
	stamp, ok2 := strings.CutSuffix(stamp, jsonEnd)
	_, err := time.Parse(time.RFC3339, stamp)
	return ok && ok2 && err == nil
}

// rowBegins reports whether rest, which follows the opening, can be the beginning of
// a token and of the end of a row.
func (f Format) rowBegins(rest []byte) bool {
	token := f.tokenIn(rest)
	if len(token) < len(rest) {
		// The token is whole, so what follows it was cut off.
		return f == NDJSON && wire.CheckText(token) == nil &&
			(strings.HasPrefix(jsonAfter, string(rest[len(token):])) || strings.HasPrefix(string(rest[len(token):]), jsonAfter))
	}
	var e *wire.Error
	err := wire.CheckText(token)
	return err == nil || errors.As(err, &e) && e.Fault == wire.NoPadding
}

// rows makes rows. It is not safe for concurrent use.
type rows struct {
	job   *Job
	clock func() time.Time

	// The end of a row, made anew when the second of expiry changes.
	expires int64
	end     []byte
}

func newRows(j *Job) *rows {
	r := &rows{job: j, clock: j.Clock, expires: -1}
	if r.clock == nil {
		r.clock = time.Now
	}
	return r
}

// append appends the row of a user. On an error dst is as it was.
func (r *rows) append(dst []byte, user string) ([]byte, error) {
	if len(user) > maxLine {
		return dst, fmt.Errorf("%w: line is longer than %d bytes", usersig.ErrInvalidClaims, maxLine)
	}
	issued := r.job.IssuedAt
	if issued.IsZero() {
		issued = r.clock()
	}
	row, err := r.job.Signer.AppendSign(r.job.Format.appendOpening(dst, user), usersig.Claims{
		UserID: user, TTL: r.job.TTL, IssuedAt: issued,
	})
	if err != nil {
		return dst, err
	}
	if r.job.Format == CSV {
		return append(row, '\n'), nil
	}
	return append(row, r.ending(issued.Unix()+int64(r.job.TTL/time.Second))...), nil
}

func (r *rows) ending(at int64) []byte {
	if at != r.expires {
		r.expires = at
		r.end = append(r.end[:0], jsonAfter...)
		r.end = time.Unix(at, 0).UTC().AppendFormat(r.end, time.RFC3339)
		r.end = append(r.end, jsonEnd...)
	}
	return r.end
}

// signable reports whether the library signs for this user. If it does not sign
// all the same, the fault is not in the line.
func signable(user []byte) bool {
	return len(user) > 0 && len(user) <= usersig.MaxUserID && wire.ValidText(user)
}
