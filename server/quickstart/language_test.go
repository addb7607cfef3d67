package quickstart_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usersig"
)

// language is a quick start: a page, and the program that it shows.
type language struct {
	name    string // of the page and of the folder
	fence   string // of the page's blocks of code
	program string
	needs   [][2]string // programs and their Debian packages
}

var languages = []language{
	{"java", "java", "Quickstart.java", [][2]string{{"java", "default-jdk-headless"}}},
	{"php", "php", "quickstart.php", [][2]string{{"php", "php-cli"}}},
	{"node", "js", "quickstart.mjs", [][2]string{{"node", "nodejs"}}},
	{"cpp", "cpp", "quickstart.cpp", [][2]string{{"g++", "g++"}, {"curl-config", "libcurl4-openssl-dev"}}},
	{"python", "python", "quickstart.py", [][2]string{{"python3", "python3"}}},
}

// TestLanguages runs the program of each language as its page says, against a server,
// through a proxy that can be told to be in the way.
func TestLanguages(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			checkShown(t, "quickstart/"+l.name+".md", l.fence, filepath.Join(l.name, l.program))
			for _, n := range l.needs {
				need(t, n[0], n[1])
			}
			q := &quickstart{server: &server{t, s.base, s.token}, folder: t.TempDir(), script: commands(t, "quickstart/"+l.name+".md")}
			q.app = q.newApp("hosted")
			q.key = q.apiKey(q.app)
			q.build(t, l.name)
			q.check(t)
		})
	}
}

// quickstart is a program that is being checked.
type quickstart struct {
	*server
	app    *madeApp
	key    string // the API key's file
	folder string
	script string // what the page says to do
}

// build copies the program and runs the page's commands, but for the last: that one
// runs it.
func (q *quickstart) build(t *testing.T, from string) {
	t.Helper()
	if err := os.CopyFS(q.folder, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	before := strings.LastIndexByte(strings.TrimSpace(q.script), '\n') + 1
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", q.script[:before])
	cmd.Dir = q.folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s%v\n%s", q.script[:before], err, out)
	}
	q.script = q.script[before:]
}

func (q *quickstart) check(t *testing.T) {
	for name, check := range map[string]func(*testing.T){
		"good": q.good, "refused": q.refused, "unknown key": q.unknownKey, "busy": q.busy, "proxy's page": q.page, "redirect": q.redirect,
		"usage": q.usage,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t)
		})
	}
}

// outcome is how a run of the program ended.
type outcome struct {
	status         int
	stdout, stderr string
}

// run runs the page's last command for a user, with the server at base.
func (q *quickstart) run(t *testing.T, base, key, user string) outcome {
	t.Helper()
	return q.runScript(t, base, key, strings.Replace(q.script, "alice", "'"+user+"'", 1))
}

func (q *quickstart) runScript(t *testing.T, base, key, script string) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), "bash", "-e")
	cmd.Dir, cmd.Stdout, cmd.Stderr = q.folder, &stdout, &stderr
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append(os.Environ(), "USERSIG_URL="+base, fmt.Sprintf("USERSIG_APP=%d", q.app.App.ID), "USERSIG_API_KEY_FILE="+key)
	err := cmd.Run()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && !failed {
		t.Fatal(err)
	}
	out := outcome{stdout: stdout.String(), stderr: stderr.String()}
	if failed {
		out.status = exit.ExitCode()
	}
	secret := strings.TrimSpace(read(t, key))
	if strings.Contains(out.stdout+out.stderr, secret) {
		t.Error("the program prints the API key")
	}
	return out
}

// good: the tokens verify with the library, and the program waits as long as it is told.
func (q *quickstart) good(t *testing.T) {
	f := q.front(t, nil, later(503, "unavailable"), later(429, "limited"))
	out := q.run(t, f.URL, q.key, "alice")
	lines := strings.Split(strings.TrimSpace(out.stdout), "\n")
	if out.status != 0 || len(lines) != 4 {
		t.Fatalf("status %d\n%s%s", out.status, out.stdout, out.stderr)
	}
	v := q.verifier(q.app)
	if _, err := v.Verify(t.Context(), strings.TrimPrefix(lines[0], "usersig "), "alice"); err != nil {
		t.Errorf("the UserSig: %v", err)
	}
	who, err := v.VerifyPrivateMapKey(t.Context(), strings.TrimPrefix(lines[1], "privatemapkey "), "alice", usersig.Room{ID: 1001})
	if err != nil {
		t.Fatalf("the PrivateMapKey: %v", err)
	}
	if grant, err := who.Grant(); err != nil || grant.Allow != usersig.Audience {
		t.Errorf("the PrivateMapKey grants %v (%v)", grant, err)
	}
	if !strings.HasPrefix(lines[2], "good: alice until 20") {
		t.Errorf("the verdict on alice is %q", lines[2])
	}
	refusal, _ := usersig.RefusalOf(usersig.ErrUserMismatch)
	if want := fmt.Sprintf("refused: %d %s: ", refusal.Code, refusal.Reason); !strings.HasPrefix(lines[3], want) || !strings.HasSuffix(lines[3], "; "+refusal.Remedy) {
		t.Errorf("the verdict on mallory is %q, want %s…; %s", lines[3], want, refusal.Remedy)
	}
	const second = 990 * time.Millisecond // some timers fire a little early
	if len(f.times) != 6 || f.times[1].Sub(f.times[0]) < second || f.times[2].Sub(f.times[1]) < second {
		t.Errorf("after 503 and 429 with Retry-After: 1, requests came at %v", f.times)
	}
}

// refused: what the server says is shown, and it is not asked again.
func (q *quickstart) refused(t *testing.T) {
	f := q.front(t, nil)
	out := q.run(t, f.URL, q.key, "no good")
	refusal, _ := usersig.RefusalOf(usersig.ErrInvalidClaims)
	for _, part := range []string{
		"422 invalid: user ID 1 of 1", " request ", fmt.Sprintf("\n%d %s: ", refusal.Code, refusal.Reason), refusal.Message, refusal.Remedy,
	} {
		if !strings.Contains(out.stderr, part) {
			t.Errorf("%q is not in %q", part, out.stderr)
		}
	}
	if out.status != 1 || out.stdout != "" || len(f.times) != 1 {
		t.Errorf("status %d, %d requests, stdout %q", out.status, len(f.times), out.stdout)
	}
}

func (q *quickstart) unknownKey(t *testing.T) {
	f := q.front(t, nil)
	key := write(t, filepath.Join(t.TempDir(), "api.key"), "usk_0000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")
	out := q.run(t, f.URL, key, "alice")
	if out.status != 1 || !strings.Contains(out.stderr, "401 unauthorized: ") || len(f.times) != 1 {
		t.Errorf("status %d, %d requests, stderr %q", out.status, len(f.times), out.stderr)
	}
}

// busy: the program gives up in the end.
func (q *quickstart) busy(t *testing.T) {
	f := q.front(t, later(503, "unavailable"))
	out := q.run(t, f.URL, q.key, "alice")
	if out.status != 1 || !strings.Contains(out.stderr, "503 unavailable: Not now request R1") || len(f.times) != 4 {
		t.Errorf("status %d, %d requests, stderr %q", out.status, len(f.times), out.stderr)
	}
}

// page: what answers is not always the server.
func (q *quickstart) page(t *testing.T) {
	f := q.front(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, "<h1>Bad Gateway</h1>")
	})
	out := q.run(t, f.URL, q.key, "alice")
	if out.status != 1 || !strings.HasPrefix(out.stderr, "502 unknown: ") || len(f.times) != 1 {
		t.Errorf("status %d, %d requests, stderr %q", out.status, len(f.times), out.stderr)
	}
}

// redirect: the API key goes to the server that it is for and to no other.
func (q *quickstart) redirect(t *testing.T) {
	thief := q.front(t, later(503, "unavailable"))
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		f := q.front(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL, status) })
		if out := q.run(t, f.URL, q.key, "alice"); out.status != 1 || len(thief.times) != 0 {
			t.Errorf("%d: status %d, and %d requests went where it led", status, out.status, len(thief.times))
		}
	}
}

// usage: who tries the program without having read the page is told what it takes.
func (q *quickstart) usage(t *testing.T) {
	f := q.front(t, nil)
	for _, arguments := range []string{"", "alice", "alice lobby", "alice 1001 1002"} {
		out := q.runScript(t, f.URL, q.key, strings.Replace(q.script, "alice 1001", arguments, 1))
		if out.status == 0 || out.stdout != "" || !strings.HasPrefix(out.stderr, "usage: ") ||
			!strings.Contains(out.stderr, "USERID ROOM") || strings.Count(out.stderr, "\n") != 1 || len(f.times) != 0 {
			t.Errorf("with %q: status %d, %d requests, stdout %q, stderr %q", arguments, out.status, len(f.times), out.stdout, out.stderr)
		}
	}
	out := q.runScript(t, f.URL, q.key, "unset USERSIG_API_KEY_FILE\n"+q.script)
	if out.status != 1 || !strings.Contains(out.stderr, "USERSIG_API_KEY_FILE") || strings.Count(out.stderr, "\n") != 1 {
		t.Errorf("without an API key: status %d, stderr %q", out.status, out.stderr)
	}
}

// TestEveryLanguageIsHere: a program without a page or a test would go stale.
func TestEveryLanguageIsHere(t *testing.T) {
	named := map[string]bool{}
	for _, l := range languages {
		named[l.name] = true
	}
	folders, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if f.IsDir() && !named[f.Name()] {
			t.Errorf("nothing runs the program in %s", f.Name())
		}
	}
	for name := range named {
		if _, err := os.Stat(filepath.Join(pages, "quickstart", name+".md")); errors.Is(err, fs.ErrNotExist) {
			t.Errorf("there is no page for %s", name)
		}
	}
}
