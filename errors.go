package usersig

import "errors"

// Error is a reason to refuse. The values are constants, so they can be compared
// with [errors.Is] or in a switch, and no other package can change them.
type Error uint8

// The reasons a token, or a right, is refused. docs/errors.md says for each what
// it means and what to do.
const (
	ErrEmpty               Error = iota + 1 // the token is the empty string
	ErrMalformed                            // the token cannot be decoded
	ErrAppUnknown                           // the application does not exist
	ErrAppMismatch                          // the token is for another application
	ErrNoKey                                // no key of the token's scheme is known
	ErrSignature                            // no key matches the signature
	ErrPurpose                              // the token was made for another purpose
	ErrUserMismatch                         // the token is for another user
	ErrExpired                              // the token has expired, or is older than MaxAge
	ErrNotYetValid                          // the token was issued in the future
	ErrRevoked                              // tokens this old were revoked for the user
	ErrBlocked                              // the user is blocked
	ErrTooManyFailures                      // too many failed checks, locked for a minute
	ErrNoGrant                              // no usable PrivateMapKey for this user and room
	ErrNoRightCreate                        // the grant does not allow creating the room
	ErrNoRightEnter                         // the grant does not allow entering the room
	ErrNoRightSendVideo                     // the grant does not allow sending video
	ErrNoRightSendScreen                    // the grant does not allow sharing a screen
	ErrNoRightReceiveVideo                  // the grant does not allow receiving video
	ErrInvalidClaims                        // the claims cannot be signed
	ErrInvalidKey                           // the key cannot be used
	ErrInvalidOptions                       // the options contradict themselves
)

// Errors returns every [Error], in order.
func Errors() []Error {
	all := make([]Error, 0, len(reasons)-1)
	for e := ErrEmpty; int(e) < len(reasons); e++ {
		all = append(all, e)
	}
	return all
}

// Error returns a short lower-case description.
func (e Error) Error() string { return reasons[e.index()].text.en }

// Code returns the code that Tencent's servers report for the same reason, such
// as 70001 for [ErrExpired]. It is 0 for reasons that are never sent to a client.
// Reasons about rights have no account code; theirs is the client SDK's code.
func (e Error) Code() int { return reasons[e.index()].code }

// Reason returns the reason's name in JSON, such as "user_mismatch".
func (e Error) Reason() string { return reasons[e.index()].name }

func (e Error) index() Error {
	if int(e) < len(reasons) {
		return e
	}
	return 0
}

// Code returns the code of the first [Error] in the tree of err. It returns 0 for
// a nil error only, and -1 for an error that has no code.
func Code(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[Error](err); ok && e.Code() != 0 {
		return e.Code()
	}
	return -1
}

// named returns the Error with the given name in JSON, or 0.
func named(reason string) Error {
	for _, e := range Errors() {
		if e.Reason() == reason {
			return e
		}
	}
	return 0
}
