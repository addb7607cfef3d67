package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

func yesFlag(f *pflag.FlagSet, yes *bool) {
	f.BoolVar(yes, "yes", false, "do not ask whether this is meant")
}

// confirm asks whether somebody means what cannot be undone.
func (u *ui) confirm(yes bool, what message) error {
	switch {
	case yes:
		return nil
	case !isTerminal(u.stdin) || !isTerminal(u.stderr):
		return misuse("%w; this needs --yes where nobody can be asked", what).hint("if that is what you mean, repeat the command with --yes")
	}
	return u.question(what)
}

func (u *ui) question(what message) error {
	_, _ = fmt.Fprintf(u.stderr, "usersig: %s\nusersig: %s", visible(what.in(u.lang())), u.say("go on? [y/N] ", "继续吗？[y/N] "))
	answer, _ := bufio.NewReader(u.stdin).ReadString('\n') // an end is no answer
	if slices.Contains([]string{"y", "yes", "是"}, strings.ToLower(strings.TrimSpace(answer))) {
		return nil
	}
	return cannot("nothing was done").hint("to go on, answer y")
}
