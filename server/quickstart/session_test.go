package quickstart_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// mark comes before the output of each step of a page. No command prints it.
const mark = "\x1e"

// session runs the commands of a page, in order, in one shell.
type session struct {
	folder  string
	replace *strings.Replacer // what stands for this machine's places on the page
	environ []string
	prelude string // runs before
}

// step is a command, or a block of them.
type step struct {
	script string
	want   string // what it prints, if that is shown
	shown  bool
}

// steps returns what a page tells its reader to do. Commands whose output is shown are
// steps of their own. A block that begins with the name of a file is that file.
func (s *session) steps(t *testing.T, page string) (steps []step) {
	t.Helper()
	for _, b := range blocksOf(t, page) {
		text := s.replace.Replace(b.text)
		switch b.language {
		case "sh":
			steps = append(steps, step{script: text})
		case "yaml", "ini":
			steps = append(steps, step{script: file(t, text)})
		case "console":
			for line := range strings.Lines(text) {
				if command, ok := strings.CutPrefix(line, "$ "); ok {
					steps = append(steps, step{script: command, shown: true})
				} else {
					steps[len(steps)-1].want += line
				}
			}
		case "json", "text":
		default:
			t.Errorf("%s: nothing tests the language %q", page, b.language)
		}
	}
	return steps
}

var fileName = regexp.MustCompile(`\A# (/\S+)\n`)

// file returns the command that writes a configuration, and checks it.
func file(t *testing.T, text string) string {
	t.Helper()
	m := fileName.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("this file has no name in its first line:\n%s", text)
	}
	return fmt.Sprintf("cat > %[1]s <<'THE END'\n%[2]sTHE END\nchmod 0600 %[1]s\ncase %[1]s in */usersigd.yaml) usersigd check-config --config %[1]s ;; esac\n", m[1], text)
}

// run runs a page.
func (s *session) run(t *testing.T, page string) {
	t.Helper()
	steps := s.steps(t, page)
	script := "set -euo pipefail\n" + s.prelude
	for _, st := range steps {
		script += "printf '" + mark + "'\n" + st.script
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	out := filepath.Join(t.TempDir(), "output") // a file: what stays in the background would keep a pipe open
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.folder, f, f
	cmd.Env = append(append(os.Environ(), "HOME="+s.folder, "LC_ALL=C"), s.environ...)
	err = cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	got := strings.Split(read(t, out), mark)[1:]
	if err != nil || len(got) != len(steps) {
		last := max(len(got)-1, 0)
		t.Fatalf("%s: %v in step %d of %d:\n%s\nwhich prints:\n%s", page, err, len(got), len(steps), steps[last].script, strings.Join(got[last:], ""))
	}
	for i, st := range steps {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(st.want), "…", ".+")
		if st.shown && !regexp.MustCompile(`\A`+pattern+`\z`).MatchString(got[i]) {
			t.Errorf("%s: $ %sprints:\n%sshown is:\n%s", page, st.script, got[i], st.want)
		}
	}
}

// freeAddress returns an address of loopback that nobody uses now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// freeUDP returns a UDP port of loopback that nobody uses now.
func freeUDP(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, port, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestStart runs the commands of the first page, as its reader would.
func TestStart(t *testing.T) {
	t.Parallel()
	need(t, "curl", "curl")
	need(t, "jq", "jq")
	address := freeAddress(t)
	s := &session{
		folder:  t.TempDir(),
		replace: strings.NewReplacer("127.0.0.1:8080", address),
		environ: []string{"PATH=" + programs(t) + ":" + os.Getenv("PATH"), "USERSIGD_LISTEN=" + address, "USERSIGD_MEDIA_ENABLED=off"},
		prelude: "trap 'kill $!' EXIT\n", // the server that the page starts
	}
	s.run(t, "quickstart/README.md")
}

// TestProblem: the page shows what the server says.
func TestProblem(t *testing.T) {
	s := start(t)
	app := s.newApp("hosted")
	status, text := s.ask("POST", app.path()+"/usersigs", strings.NewReader(`{"userid":"no good"}`))
	var got, shown object
	if err := json.Unmarshal(text, &got); err != nil || status != http.StatusUnprocessableEntity {
		t.Fatalf("%d %s (%v)", status, text, err)
	}
	for _, b := range blocksOf(t, "quickstart/README.md") {
		if b.language == "json" {
			if err := json.Unmarshal([]byte(b.text), &shown); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got["request_id"] == "" || shown["request_id"] == "" {
		t.Error("a problem has no request_id")
	}
	got["request_id"], shown["request_id"] = "", ""
	if !reflect.DeepEqual(got, shown) {
		t.Errorf("shown is %v\nand it is %v", shown, got)
	}
}
