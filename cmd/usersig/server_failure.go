package main

import (
	"errors"
	"strings"

	"usersig"
	"usersig/internal/remote"
)

// fromServer is the error for what a server said, or for what kept it from saying
// anything. It returns nil for any other.
func fromServer(err error) *failure {
	if p, ok := errors.AsType[*remote.Problem](err); ok {
		f := fromProblem(p)
		f.problem = p
		if p.Status >= 500 && p.RequestID != "" {
			f = f.hint("its operator finds the request by its ID: %s", show(p.RequestID))
		}
		return f
	}
	if e, ok := errors.AsType[*remote.Error](err); ok {
		return fromFault(e)
	}
	return nil
}

func fromProblem(p *remote.Problem) *failure {
	said := serverText(p)
	switch p.Reason {
	case "unauthorized":
		return cannot("the server does not know this API key").
			hint("give one that exists, has not ended and may be used from where you are: --token FILE")
	case "denied":
		return cannot("this API key may not do that").
			hint("use one of this application with the scope that it takes, or an operator's")
	case "not_found":
		return cannot("the server does not have that: %w", said).
			hint("compare the IDs: usersig app list, usersig key list, usersig apikey list")
	case "conflict":
		return cannot("the state does not allow that: %w", said).
			hint("look at the state: usersig app show, usersig key list")
	case "not_hosted":
		return cannot("the server does not keep the private key of this application, so it cannot sign").
			hint("sign where the private key is: --key FILE; or make an application with --custody hosted")
	case "limited":
		return cannot("the server takes no more requests for now").hint("wait a minute, then repeat the command")
	case "unavailable", "timeout", "internal":
		return cannot("the server cannot answer now: %w", said).hint("repeat the command in a minute; if that does not help, tell the server's operator")
	default:
		f := misuse("the server does not take that: %w", said)
		if advice, ok := libraryAdvice(said); ok {
			return f.hint("%w", advice)
		}
		return f.hint("correct what it names; what it takes is on its page /docs")
	}
}

// serverText is what a server says, without what goes without saying.
func serverText(p *remote.Problem) error {
	if _, why, ok := p.User(); ok {
		return errors.New(why)
	}
	text := strings.TrimSuffix(p.Error(), ": there is no such thing")
	for _, said := range []string{"the state does not allow this: ", "the request is not valid: "} {
		text = strings.TrimPrefix(text, said)
	}
	if _, rest, ok := strings.Cut(text, usersig.ErrInvalidClaims.Error()+": "); ok {
		return errors.New(rest)
	}
	return errors.New(text)
}

func fromFault(e *remote.Error) *failure {
	cause := e.Unwrap()
	if cause == nil {
		cause = e
	}
	switch e.Fault {
	case remote.BadURL:
		return misuse("that is not the address of a server").
			hint("it is like https://usersig.example.com, without names, passwords and anything behind a question mark")
	case remote.PlainHTTP:
		return misuse("over http:// to another machine the API key could be read on the way").
			hint("use https://; http:// is for a server on this machine, such as http://127.0.0.1:8080")
	case remote.Untrusted:
		return cannot("the certificate of %s is not trusted: %w", show(e.Host), cause).
			hint("if an authority of your own vouches for it, name its certificates: --ca FILE")
	case remote.TooSlow:
		return cannot("%s did not answer in time", show(e.Host)).hint("check the address, and repeat the command in a minute")
	case remote.Redirected:
		return cannot("%s sends to another address, and the API key is not taken there", show(e.Host)).
			hint("give the address of the server itself: --server URL")
	case remote.NotOurs, remote.TooLarge:
		return cannot("what %s answers is not usersigd's (HTTP %d)", show(e.Host), e.Status).
			hint("check the address; something else, such as a proxy, may have answered")
	case remote.WrongToken:
		return cannot("%s answered with another token than was asked for", show(e.Host)).
			hint("do not hand it to anybody, and tell the server's operator")
	default:
		return cannot("%s cannot be reached: %w", show(e.Host), cause).
			hint("check the address, and that usersigd runs there")
	}
}
