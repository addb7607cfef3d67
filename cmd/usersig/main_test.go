package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if err := os.Setenv(raceOptions[0], raceOptions[1]); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"usersig": main})
}

// Under the race detector every program sleeps for a second before it ends, and the
// scripts start hundreds.
var raceOptions = [2]string{"GORACE", "atexit_sleep_ms=0"}

// TestScripts runs testdata/*.txtar: one script per verb and one per bug. The test
// binary itself answers to the name usersig.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  status,
			"mode":    mode,
			"nowhere": nowhere,
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("there is no condition %q", name)
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "C") // whatever the language of whoever runs the tests
			e.Setenv(raceOptions[0], raceOptions[1])
			wrong, err := filepath.Abs("../../internal/eckey/testdata/wrong")
			e.Setenv("WRONG", wrong) // files that hold no key, or none that serves
			return errors.Join(err, restrict(e.WorkDir))
		},
	})
}

// restrict takes the files of a script from all but their owner, so that a secret among
// them draws no warning.
func restrict(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return os.Chmod(path, 0o600)
	})
}

// status runs a command that must end with the given exit status:
//
//	status 3 usersig public --key nosuch
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

// mode checks the permissions of a file: mode 600 keys/private_key.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL file")
	}
	if runtime.GOOS == "windows" {
		return // there are none
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm(); got != fs.FileMode(want) {
		ts.Fatalf("mode of %s is %o, want %o", args[1], got, want)
	}
}

// nowhere fails if the text of a file, such as a secret, is anywhere in what the last
// command wrote: nowhere secret_key.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nowhere file")
	}
	written := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	for _, line := range strings.Split(ts.ReadFile(args[0]), "\n") {
		// Sixteen characters are enough to do harm, and too many to be there by chance.
		for i := 0; i+16 <= len(line); i++ {
			if part := line[i : i+16]; !strings.Contains(part, "---") && strings.Contains(written, part) {
				ts.Fatalf("the output has a part of %s", filepath.Base(args[0]))
			}
		}
	}
	if written == "" {
		ts.Fatalf("the last command wrote nothing, so this checks nothing")
	}
}
