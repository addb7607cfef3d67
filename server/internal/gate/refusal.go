package gate

import (
	"errors"
	"fmt"
	"strings"

	"usersig"
)

// ErrCrowded refuses what is not about a token: there are as many connections or sessions
// of the user, the application or the address as are allowed.
var ErrCrowded = errors.New("too many connections")

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
