package main

import (
	"crypto/rand"
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"usersig/internal/remote"
)

// once is the idempotency key of a request that makes something.
type once struct{ key string }

func (o *once) define(f *pflag.FlagSet) {
	addFlag(f, &o.key, "once", "KEY", "idempotency key: repeated with the same within a day, nothing is made twice (default a new one)", parseOnce)
}

func parseOnce(text string) (string, error) {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	if text == "" || len(text) > 255 || strings.ContainsFunc(text, odd) {
		return "", misuse("an idempotency key has 1 to 255 letters, digits and signs of ASCII")
	}
	return text, nil
}

// value returns the key, the same each time.
func (o *once) value() string {
	if o.key == "" {
		o.key = rand.Text()
	}
	return o.key
}

// mayBeDone reports whether it is not known, after a failure, what the server has done.
func mayBeDone(err error) bool {
	if p, ok := errors.AsType[*remote.Problem](err); ok {
		return p.Status >= 500
	}
	e, ok := errors.AsType[*remote.Error](err)
	return ok && e.Lost()
}

// unsure adds to a failure after which it is not known whether the thing was made how to
// find out without making two.
func (o *once) unsure(err error) error {
	if !mayBeDone(err) {
		return err
	}
	return fromServer(err).hint("it may have been made all the same; to repeat this without making two: --once %s", o.value())
}
