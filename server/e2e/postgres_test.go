package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// server is the PostgreSQL server of these tests, which can go away and come back.
type server struct {
	t    *testing.T
	data string
	bin  string
}

// serverOf returns the server of a database.
func serverOf(t *testing.T, url string) *server {
	t.Helper()
	s := &server{t: t, data: strings.TrimSpace(psql(t, url, "--command", "SHOW data_directory"))}
	// The server's own programs; Debian keeps them out of the PATH.
	exe, err := os.Readlink(filepath.Join("/proc", s.postmaster(), "exe"))
	if err != nil {
		t.Fatal(err)
	}
	s.bin = filepath.Dir(exe)
	return s
}

func (s *server) postmaster() string {
	s.t.Helper()
	pid, _, _ := strings.Cut(string(s.read(s.data, "postmaster.pid")), "\n")
	return pid
}

// stop ends the server at once, as a crash would: connections break, nothing is tidied.
// However the test ends, it runs again afterwards, for the next test.
func (s *server) stop() {
	s.t.Helper()
	s.t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(s.data, "postmaster.pid")); err != nil {
			s.start()
		}
	})
	s.ctl("stop", "--mode=immediate")
}

// start starts it again. It returns when it answers.
func (s *server) start() {
	s.t.Helper()
	s.ctl("start", "--log="+filepath.Join(filepath.Dir(s.data), "log"))
}

// freeze makes all processes of the server stand still: connections stay open and nothing
// answers, as behind a broken network.
func (s *server) freeze() {
	s.t.Helper()
	s.t.Cleanup(s.thaw)
	s.signal(syscall.SIGSTOP)
}

// thaw lets them go on.
func (s *server) thaw() { s.signal(syscall.SIGCONT) }

func (s *server) signal(what syscall.Signal) {
	s.t.Helper()
	parent := s.postmaster()
	// The parent first when it stops, so that it makes no child meanwhile.
	pids := append([]string{parent}, strings.Fields(string(s.read("/proc", parent, "task", parent, "children")))...)
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		if err == nil {
			err = syscall.Kill(pid, what)
		}
		if err != nil && err != syscall.ESRCH {
			s.t.Fatal(err)
		}
	}
}

func (s *server) read(path ...string) []byte {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

func (s *server) ctl(args ...string) {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, "pg_ctl"), append(args, "--wait", "--silent", "--pgdata="+s.data)...)
	cmd.Dir = filepath.Dir(s.data)
	cmd.SysProcAttr = s.owner()
	// No pipe: the server would hold it open.
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("pg_ctl %s: %v", args[0], err)
	}
}

// owner is who the server runs as, in a process group that no key press reaches.
func (s *server) owner() *syscall.SysProcAttr {
	s.t.Helper()
	attr := &syscall.SysProcAttr{Setpgid: true}
	info, err := os.Stat(s.data)
	if err != nil {
		s.t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Geteuid() {
		attr.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	return attr
}

// psql runs a client's program at a database and returns what it printed.
func psql(t *testing.T, url string, args ...string) string {
	t.Helper()
	return tool(t, "psql", append([]string{"--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--dbname=" + url}, args...)...)
}

// tool runs one of PostgreSQL's programs for clients.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Run(); err != nil {
		// Not the arguments: the URL has a password.
		t.Fatalf("%s: %v\n%s", name, err, failure.String())
	}
	return out.String()
}
