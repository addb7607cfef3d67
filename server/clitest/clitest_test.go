// Package clitest_test runs the command usersig against the real usersigd: scripts of what
// people do with the two, and every line of the command's help that needs a server.
package clitest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// bin is the folder of both programs.
var bin string

func TestMain(m *testing.M) { os.Exit(withPrograms(m.Run)) }

// withPrograms builds both programs once.
func withPrograms(run func() int) int {
	var err error
	if bin, err = os.MkdirTemp("", "clitest"); err == nil {
		defer func() { _ = os.RemoveAll(bin) }()
		err = build("..", "usersigd")
	}
	if err == nil {
		err = build("../..", "usersig")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

// build builds a program in its own module, which has what it needs.
func build(module, name string) error {
	cmd := exec.Command("go", "build", "-o", filepath.Join(bin, name), "./cmd/"+name)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", name, err, out)
	}
	return nil
}

// TestScripts runs testdata/*.txtar. Each has a server of its own, $URL, that was just
// initialized, and its operator's credential in operator.token.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "keep": keep, "lines": countLines, "nowhere": nowhere, "mode": mode,
			"serve": serve, "enters": enters, "leaves": leaves,
		},
		Setup: func(e *testscript.Env) error {
			e.Values[inScript] = clients{}
			url, err := start(e.WorkDir, "data", e.Defer, "USERSIGD_MEDIA_ENABLED=off")
			e.Setenv("URL", url)
			e.Setenv("LANG", "C")
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			return err
		},
	})
}

var servingAt = regexp.MustCompile(`msg=serving address=(\S+)`)

// start starts a server whose state is in a folder of dir, and copies the operator's
// credential into dir.
func start(dir, state string, deferred func(func()), environ ...string) (url string, err error) {
	data := filepath.Join(dir, state)
	port, err := freePort()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(filepath.Join(bin, "usersigd"), "--data", data, "--init")
	cmd.Env = append(os.Environ(), "USERSIGD_LISTEN=127.0.0.1:0", fmt.Sprintf("USERSIGD_MEDIA_UDP_PORT=%d", port))
	cmd.Env = append(cmd.Env, environ...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	logged := make(chan struct{})
	deferred(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // if it has ended, Wait tells
		<-logged
		_ = cmd.Wait()
	})
	var log strings.Builder
	for lines := bufio.NewScanner(stderr); url == "" && lines.Scan(); {
		fmt.Fprintln(&log, lines.Text())
		if m := servingAt.FindStringSubmatch(lines.Text()); m != nil {
			url = "http://" + m[1]
		}
	}
	go func() {
		defer close(logged)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	if url == "" {
		return "", fmt.Errorf("usersigd does not serve:\n%s", &log)
	}
	token, err := os.ReadFile(filepath.Join(data, "operator.token"))
	return url, errors.Join(err, os.WriteFile(filepath.Join(dir, "operator.token"), token, 0o600))
}

// serve goes on with a new server, which has what is given in its environment:
//
//	serve USERSIGD_MEDIA_ENABLED=on
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serve NAME=VALUE...")
	}
	url, err := start(ts.Getenv("WORK"), "served", ts.Defer, args...)
	ts.Check(err)
	ts.Setenv("URL", url)
}

// status runs a command that must end with the given exit status:
//
//	status 1 usersig verify …
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// keep puts what a pattern finds in the last output into a variable: keep KEY '"key_id":"(\w+)"'.
func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME pattern")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("%s is not in the output", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// countLines checks how many lines a file has: lines 2000 tokens.csv.
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines N file")
	}
	if got := strconv.Itoa(strings.Count(ts.ReadFile(args[1]), "\n")); got != args[0] {
		ts.Fatalf("%s has %s lines, want %s", args[1], got, args[0])
	}
}

// nowhere fails if the secret of a credential is in what the last command wrote.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nowhere file")
	}
	parts := strings.SplitN(strings.TrimSpace(ts.ReadFile(args[0])), "_", 3)
	written := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	if secret := parts[len(parts)-1]; len(secret) < 16 || written == "" || strings.Contains(written, secret) {
		ts.Fatalf("the output has the credential in it, or there is no output, or no credential")
	}
}

// mode checks the permissions of a file: mode 600 keys/private_key.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL file")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("mode of %s is %s, want %s", args[1], got, args[0])
	}
}
