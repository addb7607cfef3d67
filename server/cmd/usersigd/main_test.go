package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// childVar makes the test binary be usersigd, for tests that need a process.
const childVar = "BE_USERSIGD"

func TestMain(m *testing.M) {
	if os.Getenv(childVar) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"usersigd": main})
}

// TestScripts runs testdata/*.txtar. The test binary itself answers to the name
// usersigd.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "mode": mode, "nowhere": nowhere, "replace": replace, "head": head, "sql": statements,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0")
			return restrict(e.WorkDir)
		},
	})
}

// restrict takes the files of a script from all but their owner.
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
//	status 3 usersigd --data nosuch
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

// mode checks the permissions of a file: mode 600 data/kek.
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

// nowhere fails if a line of a file, such as a credential, is in what the last command
// wrote: nowhere data/operator.token.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nowhere file")
	}
	written := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		// The ID of a credential, before its secret, is not one.
		if text, ok := strings.CutPrefix(line, "usk_"); ok {
			_, line, _ = strings.Cut(text, "_")
		}
		// Sixteen characters are enough to do harm, and too many to be there by chance.
		for i := 0; i+16 <= len(line); i++ {
			if strings.Contains(written, line[i:i+16]) {
				ts.Fatalf("the output has a part of %s", args[0])
			}
		}
	}
	if written == "" {
		ts.Fatalf("the last command wrote nothing, so this checks nothing")
	}
}

// replace changes the first occurrence of a text in a file, which must be there:
// replace export.jsonl OLD NEW.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace file old new")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// statements runs SQL at a database without usersigd: sql data/usersig.db 'DELETE FROM audit'.
func statements(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql file statements")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0])) // of the server's own driver
	ts.Check(err)
	_, err = db.ExecContext(context.Background(), args[1])
	ts.Check(errors.Join(err, db.Close()))
}

// head sets $HEAD to the head that the last command printed.
func head(ts *testscript.TestScript, neg bool, args []string) {
	_, rest, ok := strings.Cut(ts.ReadFile("stdout"), "head ")
	if neg || len(args) != 0 || !ok {
		ts.Fatalf("there is no head")
	}
	ts.Setenv("HEAD", strings.TrimSpace(rest))
}
