package main

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestExamples runs every session of the help texts, line by line as somebody would
// who copies it, in an empty directory. A line ends with exit status 0 unless its
// comment says otherwise.
func TestExamples(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Fatalf("the examples are for a shell that has <(…): %v", err)
	}
	root := newRoot(newUI(nil, io.Discard, io.Discard, os.Getenv))
	for _, cmd := range append(everyCommand(root), root) {
		if cmd.Name() == "help" {
			continue
		}
		t.Run(strings.TrimPrefix(cmd.CommandPath(), "usersig "), func(t *testing.T) { runExample(t, shell, cmd) })
	}
}

// everyCommand returns the commands below one, and theirs.
func everyCommand(cmd *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, c := range cmd.Commands() {
		all = append(append(all, c), everyCommand(c)...)
	}
	return all
}

// needsServer marks a line that is for a server. There is none in this module: the tests
// of the module usersig/server take these lines out of the help, and run them with the
// real one.
const needsServer = "--server https://usersig.example.com --token "

func runExample(t *testing.T, shell string, cmd *cobra.Command) {
	if cmd.Long == "" || cmd.Example == "" {
		t.Fatal("the command does not teach: it has no Long or no Example")
	}
	dir, ran := t.TempDir(), 0
	for _, line := range strings.Split(strings.ReplaceAll(cmd.Example, "\\\n", ""), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.Contains(line, "--server") {
			if !strings.Contains(line, needsServer) {
				t.Errorf("%s\nhas another server than the tests look for", line)
			}
			ran++
			continue
		}
		want := 0
		if _, after, found := strings.Cut(line, "# exit status "); found {
			want, _ = strconv.Atoi(after)
		}
		run := exec.Command(shell, "-c", line)
		run.Dir = dir
		out, err := run.CombinedOutput()
		if got := run.ProcessState.ExitCode(); got != want {
			t.Errorf("%s\nexit status %d, %v, want %d:\n%s", line, got, err, want, out)
		}
		if strings.Contains(string(out), "warning:") {
			t.Errorf("%s\nwarns:\n%s", line, out)
		}
		ran++
	}
	if ran == 0 {
		t.Error("no line of the example is a command")
	}
}
