package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// The exit statuses. Scripts rely on them.
const (
	exitDone   = 0
	exitFailed = 1 // what was to be checked is not good
	exitMisuse = 2 // the command was not used as it should be
	exitCannot = 3 // something stood in the way
)

// failure is an error with an exit status of its own. Every other error is exitCannot.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func misuse(format string, args ...any) error {
	return &failure{exitMisuse, fmt.Errorf(format, args...)}
}

func failed(err error) error { return &failure{exitFailed, err} }

// finish says what went wrong, a line for each problem, and returns the exit status.
func (p *process) finish(err error) int {
	if err == nil {
		return exitDone
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(p.stderr, "usersigd: %s\n", strings.TrimSuffix(line, "\n"))
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return f.status
	}
	return exitCannot
}

// args is [cobra.ExactArgs] with our exit status. The arguments are not repeated: one may
// be a secret in the wrong place.
func args(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		switch {
		case len(given) == n:
			return nil
		case !cmd.Runnable() || !cmd.HasParent():
			return misuse("there is no such command; see: %s --help", cmd.CommandPath())
		}
		return misuse("%s takes %d arguments, and got %d; see: %s --help", cmd.Name(), n, len(given), cmd.CommandPath())
	}
}
