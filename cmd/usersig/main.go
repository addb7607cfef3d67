// Command usersig makes keys, signs, verifies and explains UserSigs. Each verb is a
// file of this package; what a token is and which one is good the package usersig
// at the root decides.
package main

import (
	"io"
	"os"
	"slices"
)

//go:generate go test . -run ^TestManPages$ -count=1 -update

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// run is the whole program. It returns the exit status; only main ends the process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	u := newUI(stdin, stdout, stderr, env)
	root := newRoot(u)
	root.SetArgs(args)
	// An error in an earlier flag must be JSON, too, so this cannot wait for the
	// flags to be parsed.
	u.json = slices.Contains(args, "--json")
	return u.finish(root.Execute())
}
