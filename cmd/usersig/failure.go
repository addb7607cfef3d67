package main

import (
	"errors"
	"fmt"
	"io/fs"

	"usersig"
	"usersig/internal/remote"
)

// The exit statuses. Scripts rely on them.
const (
	exitDone    = 0 // done, or valid
	exitRefused = 1 // a token, or a user ID of a batch, was refused
	exitMisuse  = 2 // the command was not used as it should be
	exitCannot  = 3 // a file, a key or a server stood in the way
)

// failure is an error with an exit status and advice. There is always some advice.
type failure struct {
	status int
	message
	hints   []message
	problem *remote.Problem // if that is what a server said
}

func (f *failure) Unwrap() error { return f.message }

// misuse is the error for a command that was not used as it should be.
func misuse(format string, args ...any) *failure {
	return &failure{status: exitMisuse, message: sentence(format, args...)}
}

// cannot is the error for what a file, a key or a server makes impossible.
func cannot(format string, args ...any) *failure {
	return &failure{status: exitCannot, message: sentence(format, args...)}
}

// hint adds advice.
func (f *failure) hint(format string, args ...any) *failure {
	f.hints = append(f.hints, sentence(format, args...))
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
		f := cannot("write standard output: %w", withoutPath(u.failed))
		u.note("%w", f)
		u.hint("%w", adviceFor(f))
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
			Error   string          `json:"error"`
			Hints   []string        `json:"hints"`
			Problem *remote.Problem `json:"problem,omitempty"`
		}{f.Error(), texts(f.hints), f.problem})
		return f.status
	}
	u.note("%w", f)
	for _, h := range f.hints {
		u.hint("%w", h)
	}
	return f.status
}

// texts returns the messages in English.
func texts(all []message) []string {
	list := make([]string, len(all))
	for i, m := range all {
		list[i] = m.Error()
	}
	return list
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
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = fromServer(err)
	}
	if f == nil {
		f = fromLibrary(err)
	}
	if len(f.hints) == 0 {
		f.hints = append(f.hints, adviceFor(f))
	}
	return f
}

// fromLibrary is the error for what the library refuses to do.
func fromLibrary(err error) *failure {
	f := cannot("%w", bare{err})
	if errors.Is(err, usersig.ErrInvalidClaims) {
		f.status = exitMisuse
	}
	return f
}

// bare is a library error without the general reason in front.
type bare struct{ error }

func (b bare) Error() string { return withoutSentinel(b.error) }
func (b bare) Unwrap() error { return b.error }

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
