package gate

import (
	"errors"
	"fmt"
	"strings"

	"usersig"
)

// Refusals that are not about a token. They have codes of TRTC's own where it has one.
var (
	// ErrRemoved: somebody with the right to do so removed the user from the room.
	ErrRemoved = errors.New("removed from the room")
	// ErrCrowded: there are more connections of the user, the application or the address
	// than are allowed.
	ErrCrowded = errors.New("too many connections")
)

// refusal makes the object that every refusal is.
func refusal(reason usersig.Error) error {
	r, _ := usersig.RefusalOf(reason)
	return &r
}

// Text writes a refusal in one line, for SDKs that show their user the text of a
// server's reply and nothing else:
//
//	usersig 70001 (-100018) expired: token has expired: …; remedy: issue a new token…
//
// The codes are first so that programs find them too.
func Text(err error, language string) string {
	r, ok := usersig.RefusalOf(err)
	if errors.Is(err, ErrCrowded) || errors.Is(err, ErrNoUser) {
		return "usersig: " + err.Error()
	}
	if !ok {
		return "usersig unavailable: the server cannot answer now; try again"
	}
	r = r.In(language)
	var b strings.Builder
	fmt.Fprintf(&b, "usersig %d (%d) %s: %s; remedy: %s", r.Code, r.TRTC, r.Reason, r.Message, r.Remedy)
	return b.String()
}
