package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestImageBuilds does what the Dockerfile's first stage does, without Docker: it copies
// what the .dockerignore leaves and runs the commands, in a folder of its own. Only that
// the program compiles is left to the tests that run it: what is asked here is whether
// everything it is made of is in the image.
func TestImageBuilds(t *testing.T) {
	image := t.TempDir()
	moved := strings.NewReplacer("go build -trimpath -ldflags=-s -o /out/usersigd", "go list -deps", "/out/", image+"/out/", "/src", image+"/src")
	ignored := ignore(read(t, "docker", "Dockerfile.dockerignore"))
	dir, environ := image, append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH)
	for _, step := range stage(t, read(t, "docker", "Dockerfile")) {
		name, rest, _ := strings.Cut(step, " ")
		switch name {
		case "WORKDIR":
			dir = moved.Replace(rest)
		case "ENV":
			environ = append(environ, rest)
		case "COPY":
			args := strings.Fields(rest)
			to := filepath.Join(dir, args[len(args)-1])
			for _, from := range args[:len(args)-1] {
				copyInto(t, to, from, ignored)
			}
		case "RUN":
			if strings.Contains(rest, "go build") && !strings.Contains(moved.Replace(rest), "go list") {
				t.Fatalf("this test does not know %s", rest)
			}
			cmd := exec.Command("/bin/sh", "-ec", moved.Replace(aMount.ReplaceAllString(rest, "")))
			cmd.Dir, cmd.Env = dir, environ
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", step, err, out)
			}
		case "ARG":
		default:
			t.Fatalf("this test does not know %s", name)
		}
	}
	if _, err := os.Stat(filepath.Join(image, "src", "server", "cmd", "usersigd", "main.go")); err != nil {
		t.Errorf("nothing was built: %v", err)
	}
	for _, secret := range []string{"data", "server/data", ".git", "bin"} {
		if _, err := os.Stat(filepath.Join(image, "src", secret)); err == nil {
			t.Errorf("%s is in the image", secret)
		}
	}
}

var aMount = regexp.MustCompile(`--mount=\S+ +`)

// stage returns the steps of the stage that builds.
func stage(t *testing.T, text string) (steps []string) {
	t.Helper()
	_, text, _ = strings.Cut(text, " AS build\n")
	text, _, ok := strings.Cut(text, "\nFROM ")
	if !ok {
		t.Fatal("there are not two stages")
	}
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", "")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			steps = append(steps, line)
		}
	}
	return steps
}

// ignore returns which paths of the checkout a .dockerignore keeps from the image: the
// last pattern decides that is about the path or a folder that it is in.
func ignore(text string) func(name string) bool {
	type rule struct {
		*regexp.Regexp
		keep bool
	}
	var rules []rule
	for line := range strings.Lines(text) {
		pattern, keep := strings.CutPrefix(strings.TrimSpace(line), "!")
		if pattern == "" || pattern[0] == '#' {
			continue
		}
		pattern = regexp.QuoteMeta(path.Clean(pattern))
		pattern = strings.NewReplacer(`\*\*/`, `(?:.*/)?`, `\*\*`, `.*`, `\*`, `[^/]*`).Replace(pattern)
		rules = append(rules, rule{regexp.MustCompile("^(?:" + pattern + ")(?:/.*)?$"), keep})
	}
	return func(name string) (ignored bool) {
		for _, r := range rules {
			if r.MatchString(name) {
				ignored = !r.keep
			}
		}
		return ignored
	}
}

// copyInto copies a file of the checkout, or a folder's contents, into a folder.
func copyInto(t *testing.T, to, from string, ignored func(string) bool) {
	t.Helper()
	checkout, n := filepath.Join(deploy, ".."), 0
	err := filepath.WalkDir(filepath.Join(checkout, from), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(checkout, file)
		if err != nil || ignored(filepath.ToSlash(name)) {
			return err
		}
		n++
		below := filepath.Base(file)
		if from == "." {
			below = name
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.MkdirAll(filepath.Join(to, filepath.Dir(below)), 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, below), text, 0o600)
		}
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("COPY %s: %d files, %v", from, n, err)
	}
}
