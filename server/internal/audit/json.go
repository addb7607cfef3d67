package audit

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// AppendJSON appends what [json.Marshal] makes of e, at a tenth of its cost: every
// signing is an entry. The hashes are made of this text, so it is the same to the byte.
func (e *Entry) AppendJSON(dst []byte) ([]byte, error) {
	dst = strconv.AppendInt(append(dst, `{"seq":`...), e.Seq, 10)
	dst, err := e.At.AppendText(append(dst, `,"at":"`...))
	if err != nil {
		return nil, fmt.Errorf("encode audit entry: %w", err)
	}
	dst = appendString(append(dst, `","caller":`...), e.Caller)
	dst = appendMember(dst, `,"source":`, e.Source)
	dst = appendMember(dst, `,"request":`, e.Request)
	dst = appendString(append(dst, `,"action":`...), string(e.Action))
	if e.App != 0 {
		dst = strconv.AppendUint(append(dst, `,"sdkappid":`...), uint64(e.App), 10)
	}
	dst = appendMember(dst, `,"subject":`, e.Subject)
	dst = appendString(append(dst, `,"outcome":`...), string(e.Outcome))
	dst = appendMember(dst, `,"detail":`, e.Detail)
	dst = appendString(append(dst, `,"hash":`...), e.Hash)
	return append(dst, '}'), nil
}

// appendMember appends a member that is left out when it is empty.
func appendMember(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(append(dst, name...), value)
}

func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if !plain(s[i]) {
			text, _ := json.Marshal(s) // a string always has JSON
			return append(dst, text...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

// plain reports whether a byte stands for itself in JSON, as encoding/json writes it.
func plain(c byte) bool {
	switch c {
	case '"', '\\', '<', '>', '&':
		return false
	}
	return ' ' <= c && c <= '~'
}
