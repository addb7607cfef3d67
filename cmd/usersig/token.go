package main

import (
	"io"
	"strings"
)

// maxRead is more than the longest token there is. What is longer need not be read
// to its end to be refused.
const maxRead = 16 << 10

// token returns the token: the argument if there is one, and else standard input
// without the line feed at its end. Nothing else is taken away, so that what is
// checked is what was given.
func (u *ui) token(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	if isTerminal(u.stdin) {
		u.note("paste the token, then press Enter and Ctrl-D")
	}
	text, err := io.ReadAll(io.LimitReader(u.stdin, maxRead))
	if err != nil {
		return "", cannot("read the token from standard input: %w", withoutPath(err))
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

// oneFromInput refuses to read two things from standard input.
func oneFromInput(what string, other bool, keys ...string) error {
	n := 0
	for _, k := range keys {
		if k == standardInput {
			n++
		}
	}
	if n > 1 {
		return misuse("only one key can come from standard input")
	}
	if n == 1 && other {
		return misuse("the key and %s cannot both come from standard input", what)
	}
	return nil
}
