package hook

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"usersig"
	"usersig/server/internal/gate"
)

// A Stream is what one user sends in one room. Its name, for engines and in their URLs, is
//
//	<sdkappid>.<base64url user>.<room>
//
// in which room is "n" and a number or "s" and a name in base64url: the middle of a
// [gate.Credential]. A name holds the application, so that rooms of two applications
// never meet in an engine that serves both, and has one spelling.
type Stream struct {
	App    uint32
	UserID string // who sends it
	Room   usersig.Room
}

// String returns the stream's name.
func (s Stream) String() string {
	c := gate.Credential{App: s.App, UserID: s.UserID, Room: s.Room}
	return strings.TrimSuffix(strings.TrimPrefix(c.String(), "us1."), ".")
}

// ParseStream reads the name of a stream. The error is a [*usersig.Refusal].
func ParseStream(name string) (Stream, error) {
	// Another full stop would shift what is read as what.
	if strings.Count(name, ".") != 2 {
		return Stream{}, refusal(usersig.ErrMalformed)
	}
	c, err := gate.ParseCredential("us1." + name + ".")
	return Stream{c.App, c.UserID, c.Room}, err
}

// verb is what a user wants with a stream.
type verb string

const (
	send    verb = "send"
	receive verb = "receive"
)

// needs is what it takes.
var needs = map[verb]usersig.Privilege{
	send:    usersig.SendAudio | usersig.SendVideo,
	receive: usersig.ReceiveAudio | usersig.ReceiveVideo,
}

// question is what an engine asks.
type question struct {
	verb   verb
	stream string     // its name
	words  url.Values // of the URL that the client opened
	token  string     // a credential that came apart from the URL, if any
	source netip.Addr // the client's
}

// credential puts together what the client has shown. It is in a token or else in the
// URL: UserSig and PrivateMapKey and, for who does not receive their own stream, UserID.
func (q *question) credential() (gate.Credential, error) {
	s, err := ParseStream(q.stream)
	if err != nil {
		return gate.Credential{}, err
	}
	c, err := q.shown(s)
	switch {
	case err != nil:
		return gate.Credential{}, err
	case c.App != s.App:
		return gate.Credential{}, refusal(usersig.ErrAppMismatch)
	case c.Room != s.Room:
		return gate.Credential{}, refusal(usersig.ErrNoRightEnter)
	case q.verb == send && c.UserID != s.UserID:
		return gate.Credential{}, refusal(usersig.ErrUserMismatch)
	case c.UserSig == "":
		// Not asked of the gate, which would count a failure: many clients begin without.
		return gate.Credential{}, refusal(usersig.ErrEmpty)
	}
	return c, nil
}

func (q *question) shown(s Stream) (gate.Credential, error) {
	c := gate.Credential{App: s.App, UserID: s.UserID, Room: s.Room}
	var app string
	for name, to := range map[string]*string{
		"SDKAppID": &app, "UserID": &c.UserID, "UserSig": &c.UserSig, "PrivateMapKey": &c.PrivateMapKey,
	} {
		switch given := q.words[name]; len(given) {
		case 0:
		case 1:
			*to = given[0]
		default: // whoever looked at it before us may have taken another one
			return gate.Credential{}, refusal(usersig.ErrMalformed)
		}
	}
	if app != "" && app != strconv.FormatUint(uint64(s.App), 10) {
		return gate.Credential{}, refusal(usersig.ErrAppMismatch)
	}
	if q.token == "" {
		return c, nil
	}
	if c.UserSig != "" || c.PrivateMapKey != "" {
		return gate.Credential{}, refusal(usersig.ErrMalformed)
	}
	return gate.ParseCredential(q.token)
}

// refusal makes the object that every refusal is.
func refusal(reason usersig.Error) error {
	r, _ := usersig.RefusalOf(reason)
	return &r
}

// allows refuses rights that do not suffice.
func allows(r gate.Rights, v verb) error {
	return usersig.Grant{Allow: usersig.Privilege(r)}.Require(needs[v])
}
