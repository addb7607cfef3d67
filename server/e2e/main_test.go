// Package e2e proves usersigd whole: the real program, built with the race detector and
// run as a process, driven from outside over HTTP. It stands in for the people and the
// accidents that the daemon will meet: a stranger with a tool that reads the API's
// description, users of a real OpenID provider, several nodes, kill -9, a full disk, a
// database that goes away and comes back, and the operator who backs up, restores and
// upgrades.
//
// It is a module of its own, so that what only these tests need stays out of usersigd.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"usersig/server/internal/store/pgtest"
)

// program is usersigd, built by TestMain.
var program string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "usersig-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "usersigd")
	// As it is shipped: with the versions of its own module, whatever these tests need.
	build := exec.Command("go", "build", "-race", "-tags", "nomedia", "-o", program, "./cmd/usersigd")
	build.Dir, build.Env = "..", append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "e2e: build usersigd: %v\n%s", err, out)
		return 1
	}
	return pgtest.Main(m)
}
