package media

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// isHandshake reports whether a request can become a WebSocket (RFC 6455, section 4.2.1).
// LiveKit begins the session first and looks then: by a request that is no handshake a
// user would come and go in the room, and end the session that they have there.
func isHandshake(r *http.Request) bool {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-Websocket-Key"))
	return err == nil && len(key) == 16 && r.Method == http.MethodGet && r.ProtoMajor == 1 &&
		r.Header.Get("Sec-Websocket-Version") == "13" && says(r, "Connection", "upgrade") && says(r, "Upgrade", "websocket")
}

// says reports whether a header lists a word.
func says(r *http.Request, header, word string) bool {
	for _, line := range r.Header.Values(header) {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(one), word) {
				return true
			}
		}
	}
	return false
}
