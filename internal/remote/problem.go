package remote

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"strings"

	"usersig"
)

// Problem is what the server says of a request that it did not do (RFC 9457).
type Problem struct {
	Status    int              `json:"status"`
	Reason    string           `json:"reason"` // the kind of problem, such as not_found
	Title     string           `json:"title"`
	Detail    string           `json:"detail,omitempty"`
	RequestID string           `json:"request_id,omitempty"` // the request in the server's logs
	Errors    []Wrong          `json:"errors,omitempty"`
	Index     *int             `json:"index,omitempty"`   // of a batch, the item that stood in the way
	Refusal   *usersig.Refusal `json:"refusal,omitempty"` // if claims or a key were refused
}

// Wrong is what is wrong with one part of a request.
type Wrong struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// Error returns what stood in the way, in one line.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, w := range p.Errors {
		text += "; " + w.Location + ": " + w.Message
	}
	return short(strings.TrimPrefix(text, "; "))
}

// User returns which of the user IDs that were asked about, counted from 0, is the one
// that was refused, and why. It reports false if the problem is not about one: a lifetime
// that is too long is too long for all of them.
func (p *Problem) User() (index int, why string, ok bool) {
	if p.Index == nil || *p.Index < 0 {
		return 0, "", false
	}
	for _, w := range p.Errors {
		if w.Location == "body.items["+strconv.Itoa(*p.Index)+"].userid" {
			return *p.Index, short("user ID: " + w.Message), true
		}
	}
	_, why, _ = strings.Cut(p.Detail, ": ") // which one it is, in words
	why = strings.TrimPrefix(why, usersig.ErrInvalidClaims.Error()+": ")
	if !strings.Contains(why, "user ID") {
		return 0, "", false
	}
	return *p.Index, short(why), true
}

// short cuts what would fill the screen.
func short(text string) string {
	const most = 1000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// Fault is a way in which asking fails before the server answers as it should.
type Fault uint8

// The faults.
const (
	BadURL      Fault = iota // the address is none of a server
	PlainHTTP                // it is http:// to another machine
	BadToken                 // the credential is no line of plain characters
	Unreachable              // there is no connection, or it broke
	Untrusted                // nobody who is trusted vouches for the server
	TooSlow                  // there was no answer in time
	Redirected               // the answer is to ask elsewhere
	NotOurs                  // the answer is not one of this API
	TooLarge                 // the answer is larger than any should be
	WrongToken               // a token is not what was asked for
)

var faultTexts = [...]string{ //nolint:gosec // G101: it speaks of credentials and holds none
	BadURL:      "the address is not one of a server",
	PlainHTTP:   "the credential would travel in clear",
	BadToken:    "the credential is not one line of plain characters",
	Unreachable: "the server cannot be reached",
	Untrusted:   "the server's certificate is not trusted",
	TooSlow:     "the server did not answer in time",
	Redirected:  "the server redirects to elsewhere",
	NotOurs:     "the answer is not one of usersigd",
	TooLarge:    "the answer is too large",
	WrongToken:  "the token is not the one that was asked for",
}

// Error is a request that was not answered as it should.
type Error struct {
	Fault  Fault
	Host   string // of the server, if it was asked
	Status int    // of the answer, if there was one
	err    error
}

// Error never has the credential in it, nor more of the address than the host.
func (e *Error) Error() string {
	text := faultTexts[e.Fault]
	if e.Host != "" {
		text = e.Host + ": " + text
	}
	if e.Status != 0 {
		text += " (HTTP " + strconv.Itoa(e.Status) + ")"
	}
	if e.err != nil {
		text += ": " + short(e.err.Error())
	}
	return text
}

// Lost reports whether the server may have done what was asked for, and its answer did
// not arrive.
func (e *Error) Lost() bool {
	switch e.Fault {
	case TooSlow, NotOurs, TooLarge:
		return true
	case Unreachable:
		op, ok := errors.AsType[*net.OpError](e.err)
		return !ok || op.Op != "dial" // without a connection nothing was sent
	default:
		return false
	}
}

// Unwrap returns what the network or the system said.
func (e *Error) Unwrap() error { return e.err }

// isTLS reports whether a connection failed because of who the server is.
func isTLS(err error) bool {
	var (
		record tls.RecordHeaderError
		verify *tls.CertificateVerificationError
		name   x509.HostnameError
		who    x509.UnknownAuthorityError
		cert   x509.CertificateInvalidError
	)
	return errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &name) || errors.As(err, &who) || errors.As(err, &cert)
}
