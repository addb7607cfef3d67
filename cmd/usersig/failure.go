package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"usersig"
)

// The exit statuses. Scripts rely on them.
const (
	exitDone    = 0 // done, or valid
	exitRefused = 1 // a token, or a user ID of a batch, was refused
	exitMisuse  = 2 // the command was not used as it should be
	exitCannot  = 3 // a file or a key stood in the way
)

// failure is an error with an exit status and advice.
type failure struct {
	status int
	err    error
	hints  []string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// misuse is the error for a command that was not used as it should be.
func misuse(format string, args ...any) *failure {
	return &failure{status: exitMisuse, err: fmt.Errorf(format, args...)}
}

// cannot is the error for what a file or a key makes impossible.
func cannot(format string, args ...any) *failure {
	return &failure{status: exitCannot, err: fmt.Errorf(format, args...)}
}

// hint adds advice.
func (f *failure) hint(format string, args ...any) *failure {
	f.hints = append(f.hints, fmt.Sprintf(format, args...))
	return f
}

// ended is the error of a command that has said everything itself.
type ended struct{ status int }

func (e ended) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// finish says what went wrong and returns the exit status.
func (u *ui) finish(err error) int {
	_, said := errors.AsType[ended](err)
	if (err == nil || said) && u.failed != nil {
		// Standard output is what failed, so there is nowhere to write JSON.
		u.note("write standard output: %v", withoutPath(u.failed))
		return exitCannot
	}
	if err == nil {
		return exitDone
	}
	if e, ok := errors.AsType[ended](err); ok {
		return e.status
	}
	if r, ok := errors.AsType[*usersig.Refusal](err); ok {
		u.refuse(*r)
		return exitRefused
	}
	f := asFailure(err)
	if u.json {
		_ = u.printJSON(struct {
			Error string   `json:"error"`
			Hints []string `json:"hints"`
		}{f.Error(), append([]string{}, f.hints...)})
		return f.status
	}
	u.note("%v", f)
	for _, h := range f.hints {
		u.hint("%s", h)
	}
	return f.status
}

// refuse prints a refusal.
func (u *ui) refuse(r usersig.Refusal) {
	if u.json {
		_ = u.printJSON(r)
		return
	}
	r = r.In(u.lang())
	u.note("%s%s (%d)", u.say("refused: ", "拒绝："), r.Message, r.Code)
	u.note("%s%s", u.say("hint: ", "提示："), r.Remedy)
}

// asFailure finds the exit status and the advice for any other error.
func asFailure(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if errors.Is(err, usersig.ErrInvalidClaims) {
		return misuse("%w", err)
	}
	return cannot("%w", err)
}

// fileFailure is the error for a file that cannot be used.
func fileFailure(path string, err error) *failure {
	return cannot("%s: %w", brief(path), withoutPath(err))
}

// withoutPath returns what the system said, without the path, which may be long.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// withoutSentinel returns the text of a library error without the general reason
// in front, where the flag's name says more.
func withoutSentinel(err error) string {
	text := err.Error()
	for _, e := range []usersig.Error{usersig.ErrInvalidClaims, usersig.ErrInvalidKey} {
		text = strings.TrimPrefix(text, e.Error()+": ")
	}
	return text
}
