// Package quickstart_test holds that what the documents say about usersigd works: the
// programs of the quick starts, which are in the folders beside, and every command of
// the operations manual. They are run against the real server.
package quickstart_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"usersig"
	"usersig/server/internal/store/pgtest"
)

func TestMain(m *testing.M) {
	code := pgtest.Main(m)
	if bin != "" {
		_ = os.RemoveAll(bin)
	}
	os.Exit(code)
}

// bin is the folder of the server's program, once there is one.
var bin string

// build makes the server once.
var build = sync.OnceValues(func() (string, error) {
	var err error
	if bin, err = os.MkdirTemp("", "quickstart"); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-o", bin, "../cmd/usersigd").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
})

func programs(t *testing.T) string {
	t.Helper()
	folder, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// need fails the test if a program that it runs is not here: a test that is skipped
// proves nothing.
func need(t *testing.T, program, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is not installed, and this test runs it (on Debian, apt-get install %s)", program, pkg)
	}
}

// server is a usersigd of its own, and who asks it.
type server struct {
	t     *testing.T
	base  string
	token string
}

var servingAt = regexp.MustCompile(`msg=serving address=(\S+)`)

// start starts a server on a new state, which ends with the test.
func start(t *testing.T) *server {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(filepath.Join(programs(t), "usersigd"), "--data", data, "--init")
	cmd.Env = append(os.Environ(), "USERSIGD_LISTEN=127.0.0.1:0", "USERSIGD_MEDIA_ENABLED=off")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	logged := make(chan struct{})
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // if it has ended, Wait tells
		<-logged
		if err := cmd.Wait(); err != nil {
			t.Errorf("usersigd ended with: %v", err)
		}
	})
	lines := bufio.NewScanner(stderr)
	s := &server{t: t}
	var log strings.Builder
	for s.base == "" && lines.Scan() {
		fmt.Fprintln(&log, lines.Text())
		if m := servingAt.FindStringSubmatch(lines.Text()); m != nil {
			s.base = "http://" + m[1]
		}
	}
	go func() {
		defer close(logged)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	if s.base == "" {
		t.Fatalf("usersigd does not serve:\n%s", &log)
	}
	s.token = strings.TrimSpace(read(t, filepath.Join(data, "operator.token")))
	return s
}

type object = map[string]any

// must sends a request that must succeed, and reads the reply into out.
func (s *server) must(method, path string, body, out any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(s.send(method, path, bytes.NewReader(text)), out); err != nil {
		s.t.Fatal(err)
	}
}

// text returns what is at a path.
func (s *server) text(path string) string {
	s.t.Helper()
	return string(s.send("GET", path, http.NoBody))
}

func (s *server) send(method, path string, body io.Reader) []byte {
	s.t.Helper()
	status, text := s.ask(method, path, body)
	if status/100 != 2 {
		s.t.Fatalf("%s %s = %d %s", method, path, status, text)
	}
	return text
}

// ask sends a request and returns the status and the reply.
func (s *server) ask(method, path string, body io.Reader) (int, []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, text
}

// madeApp is what the reply to a new application has.
type madeApp struct {
	App struct {
		ID uint32 `json:"sdkappid"`
	} `json:"app"`
	Key struct {
		ID     string `json:"key_id"`
		Public string `json:"public_key"`
	} `json:"key"`
	KeysZip []byte `json:"keys_zip"`
}

func (m *madeApp) path() string { return fmt.Sprintf("/v1/apps/%d", m.App.ID) }

// newApp creates an application.
func (s *server) newApp(custody string) *madeApp {
	s.t.Helper()
	var made madeApp
	s.must("POST", "/v1/apps", object{"name": "my app", "settings": object{"custody": custody}}, &made)
	return &made
}

// apiKey creates an API key of an application, as a file.
func (s *server) apiKey(a *madeApp) (file string) {
	s.t.Helper()
	var made struct {
		Secret string `json:"secret"`
	}
	s.must("POST", a.path()+"/apikeys", object{"name": "back end", "scopes": []string{"issue", "verify"}}, &made)
	return write(s.t, filepath.Join(s.t.TempDir(), "api.key"), made.Secret+"\n")
}

// verifier returns what verifies an application's tokens without asking the server.
func (s *server) verifier(a *madeApp) *usersig.Verifier {
	s.t.Helper()
	key, err := usersig.ParsePublicKey([]byte(a.Key.Public))
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := usersig.NewVerifier(a.App.ID, []usersig.VerifyingKey{key}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// write writes a file that only its owner reads.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
