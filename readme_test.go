package usersig_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The READMEs promise that what they show works. So the Go code in them is code of
// docs/example, and the commands are run here and must print what is shown.

// block is a fenced code block of a Markdown file.
type block struct {
	language, text string
	line           int
}

func (b block) name() string { return fmt.Sprintf("%s at line %d", b.language, b.line) }

func blocksOf(t *testing.T, file string) (blocks []block) {
	t.Helper()
	inside := false
	for i, line := range strings.SplitAfter(readFile(t, file), "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && !inside:
			blocks, inside = append(blocks, block{language: fence, line: i + 1}), true
		case isFence:
			inside = false
		case inside:
			blocks[len(blocks)-1].text += line
		}
	}
	if inside || len(blocks) == 0 {
		t.Fatalf("%s: no code blocks, or one is not closed", file)
	}
	return blocks
}

func readFile(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestReadmesAgree holds the two languages together: the same code in the same order.
func TestReadmesAgree(t *testing.T) {
	en, zh := blocksOf(t, "README.md"), blocksOf(t, "README.zh-CN.md")
	if len(en) != len(zh) {
		t.Fatalf("README.md has %d code blocks, README.zh-CN.md %d", len(en), len(zh))
	}
	for i := range en {
		if en[i].language != zh[i].language || en[i].text != zh[i].text {
			t.Errorf("code block %d differs:\nREADME.md:\n%s\nREADME.zh-CN.md:\n%s", i+1, en[i].text, zh[i].text)
		}
	}
	if a, b := headings(t, "README.md"), headings(t, "README.zh-CN.md"); a != b {
		t.Errorf("README.md has the headings %s, README.zh-CN.md %s", a, b)
	}
}

// headings returns the levels of the headings of a Markdown file.
func headings(t *testing.T, file string) string {
	t.Helper()
	return strings.Join(regexp.MustCompile(`(?m)^#+ `).FindAllString(readFile(t, file), -1), "")
}

// TestReadmeCode compares the Go blocks with the code that is compiled and run.
func TestReadmeCode(t *testing.T) {
	regions := regionsOf(t, filepath.Join("docs", "example", "example_test.go"))
	shown := 0
	for _, b := range blocksOf(t, "README.md") {
		if b.language != "go" {
			continue
		}
		if shown++; !slices.Contains(regions, strings.TrimSpace(b.text)) {
			t.Errorf("%s is not a region of docs/example:\n%s", b.name(), b.text)
		}
	}
	if shown != len(regions) {
		t.Errorf("README.md shows %d Go blocks, docs/example has %d regions", shown, len(regions))
	}
}

var regionMark = regexp.MustCompile(`(?s)// region [a-z]+\n(.*?)// endregion\n`)

func regionsOf(t *testing.T, file string) (regions []string) {
	t.Helper()
	for _, m := range regionMark.FindAllStringSubmatch(readFile(t, file), -1) {
		regions = append(regions, strings.TrimSpace(m[1]))
	}
	if len(regions) == 0 {
		t.Fatalf("%s has no regions", file)
	}
	return regions
}

// TestReadmeSessions runs every command in the README, in order and in one folder,
// with the program that the README says to build.
func TestReadmeSessions(t *testing.T) {
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	place := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(place, "bin", "usersig"), "./cmd/usersig")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	folder := filepath.Join(place, "session")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	app := newApp(t, place, root)
	for _, b := range blocksOf(t, "README.md") {
		switch b.language {
		case "go":
		case "console":
			t.Run(b.name(), func(t *testing.T) { checkSession(t, b.text, folder, filepath.Join(place, "bin")) })
		case "sh":
			t.Run(b.name(), func(t *testing.T) { checkCommands(t, b.text, root, app) })
		default:
			t.Errorf("%s: nothing tests this language", b.name())
		}
	}
}

// newApp makes somebody's module next to a checkout of this one, and returns its
// folder.
func newApp(t *testing.T, place, root string) string {
	t.Helper()
	app := filepath.Join(place, "app")
	if err := os.Symlink(root, filepath.Join(place, "usersig")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(app, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":  "module example.com/app\n\ngo 1.26\n",
		"main.go": "package main\n\nimport \"usersig\"\n\nfunc main() { _, _ = usersig.GenerateSecret() }\n",
	} {
		if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return app
}

// checkCommands checks commands whose output is not shown. What is run in the
// checkout must only be possible; what is run in somebody's module must work.
func checkCommands(t *testing.T, text, root, app string) {
	t.Helper()
	inApp := false
	for line := range strings.Lines(text) {
		command, _, _ := strings.Cut(line, "#")
		command = strings.TrimSpace(command)
		args := strings.Fields(command)
		switch {
		case len(args) == 2 && args[0] == "make":
			runIn(t, root, "make", "-n", args[1])
		case strings.HasPrefix(command, "go build -o bin/ "):
			runIn(t, root, "go", append([]string{"build", "-o", t.TempDir() + string(os.PathSeparator)}, args[4:]...)...)
		case len(args) > 2 && args[0] == "go" && args[1] == "mod":
			runIn(t, app, args[0], args[1:]...)
			inApp = true
		default:
			t.Errorf("nothing tests %q", command)
		}
	}
	if inApp {
		runIn(t, app, "go", "run", ".")
	}
}

func runIn(t *testing.T, folder, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %v\n%s", cmd, err, out)
	}
}

// checkSession runs the commands of a session, which follow "$ ", and compares what
// they print with what is shown. There, "…" stands for any text within a line.
func checkSession(t *testing.T, text, folder, bin string) {
	t.Helper()
	const mark = "\x1e"
	script := "mark() { local s=$?; printf '" + mark + "'; return $s; }\n"
	var commands, want []string
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands, want = append(commands, command), append(want, "")
			script += command + "mark\n"
			continue
		}
		if len(want) == 0 {
			t.Fatal("a session begins with a command")
		}
		want[len(want)-1] += line
	}
	cmd := exec.CommandContext(t.Context(), "bash")
	cmd.Dir, cmd.Stdin = folder, strings.NewReader(script)
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "LC_ALL=", "LC_MESSAGES=", "LANG=C")
	out, _ := cmd.CombinedOutput() // the status is that of the last command, which may be a refusal
	got := strings.Split(string(out), mark)
	if len(got) != len(commands)+1 {
		t.Fatalf("%d of %d commands ran:\n%s", len(got)-1, len(commands), out)
	}
	for i, command := range commands {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(want[i]), "…", ".+")
		if !regexp.MustCompile(`\A` + pattern + `\z`).MatchString(got[i]) {
			t.Errorf("$ %sprints:\n%sshown is:\n%s", command, got[i], want[i])
		}
	}
}
