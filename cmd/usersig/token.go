package main

import (
	"io"
	"strings"
)

// maxRead is more than the longest token there is. What is longer need not be read
// to its end to be refused.
const maxRead = 16 << 10

// fromInput reports whether the token is on standard input.
func fromInput(args []string) bool { return len(args) == 0 || args[0] == standardInput }

// token returns the token: the argument if there is one, and else standard input
// without the line feed at its end. Nothing else is taken away, so that what is
// checked is what was given.
func (u *ui) token(args []string) (string, error) {
	if !fromInput(args) {
		return args[0], nil
	}
	if isTerminal(u.stdin) {
		u.note("paste the token, then press Enter and Ctrl-D")
	}
	text, err := io.ReadAll(io.LimitReader(u.stdin, maxRead))
	if err != nil {
		return "", cannot("read the token from standard input: %w", withoutPath(err)).
			hint("pipe it in: … < FILE")
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

// oneFromInput refuses to read two things from standard input.
func oneFromInput(what message, other bool, keys ...string) error {
	n := 0
	for _, k := range keys {
		if k == standardInput {
			n++
		}
	}
	if n > 1 {
		return misuse("only one key can come from standard input").hint("put the others into files that only you can read")
	}
	if n == 1 && other {
		return misuse("the key and %s cannot both come from standard input", what).
			hint("put the key into a file that only you can read")
	}
	return nil
}
