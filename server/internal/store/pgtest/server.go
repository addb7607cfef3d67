package pgtest

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// server is a PostgreSQL server, and the shell that stops it when this process ends.
type server struct {
	folder   string
	port     int
	password string
	shell    *exec.Cmd
	life     io.Closer // the shell's input: when it is closed, the server stops
}

// guard runs the server until its input ends, however this process does.
const guard = `trap '' INT TERM HUP
"$1/pg_ctl" -D "$2/data" -l "$2/log" -w -t 60 start >/dev/null || exit 1
echo ready
read -r _
"$1/pg_ctl" -D "$2/data" -m fast -w stop >/dev/null`

func start() (s *server, err error) {
	programs, err := find()
	if err != nil {
		return nil, err
	}
	s = &server{password: rand.Text()}
	if s.folder, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(s.folder))
		}
	}()
	identity, err := s.identity()
	if err != nil {
		return nil, err
	}
	if err := s.create(programs, identity); err != nil {
		return nil, err
	}
	return s, s.run(programs, identity)
}

// find returns the folder of the newest PostgreSQL's programs. Debian keeps those of the
// server out of the PATH.
func find() (string, error) {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if err != nil {
		return "", err
	}
	if len(folders) > 0 {
		newest := slices.MaxFunc(folders, func(a, b string) int { return major(a) - major(b) })
		return filepath.Dir(newest), nil
	}
	program, err := exec.LookPath("pg_ctl")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed: these tests need its server (on Debian, apt-get install postgresql)")
	}
	return filepath.Dir(program), nil
}

func major(program string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(program)))) // 0 for what is no number
	return n
}

// identity returns as whom the server runs: not as root, which it refuses, and gives
// them the folder.
func (s *server) identity() (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{Setpgid: true}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	// In a group of its own, so that a key pressed at the terminal does not reach it.
	as := &syscall.SysProcAttr{Setpgid: true, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return as, os.Chown(s.folder, int(uid), int(gid))
}

// command returns a command that runs in the server's folder as who owns it.
func (s *server) command(as *syscall.SysProcAttr, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...) //nolint:gosec,noctx // programs we found; they end with this process
	cmd.Dir, cmd.SysProcAttr = s.folder, as
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PGDATA=", "HOME="+s.folder)
	return cmd
}

// create makes the server's files.
func (s *server) create(programs string, as *syscall.SysProcAttr) error {
	secret := filepath.Join(s.folder, "password")
	if err := os.WriteFile(secret, []byte(s.password+"\n"), 0o644); err != nil { //nolint:gosec // in a private folder
		return err
	}
	init := s.command(as, filepath.Join(programs, "initdb"), "-D", "data", "-U", "tester", "-A", "scram-sha-256",
		"--pwfile=password", "-E", "UTF8", "--locale=C", "--no-instructions")
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	var err error
	if s.port, err = freePort(); err != nil {
		return err
	}
	settings := fmt.Sprintf("listen_addresses = '127.0.0.1'\nport = %d\nunix_socket_directories = ''\n"+
		"max_connections = 100\nshared_buffers = 32MB\n", s.port)
	config, err := os.OpenFile(filepath.Join(s.folder, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = config.WriteString(settings)
	return errors.Join(err, config.Close())
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed in the next line
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// run starts the server and waits until it answers.
func (s *server) run(programs string, as *syscall.SysProcAttr) error {
	s.shell = s.command(as, "/bin/sh", "-c", guard, "guard", programs, s.folder)
	input, err := s.shell.StdinPipe()
	if err != nil {
		return err
	}
	output, err := s.shell.StdoutPipe()
	if err != nil {
		return err
	}
	s.life = input
	if err := s.shell.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err == nil && line == "ready\n" {
		return nil
	}
	log, _ := os.ReadFile(filepath.Join(s.folder, "log")) // whatever there is
	return fmt.Errorf("PostgreSQL does not start: %w\n%s", errors.Join(err, s.shell.Wait()), log)
}

func (s *server) url(database string) string {
	return fmt.Sprintf("postgres://tester:%s@127.0.0.1:%d/%s?sslmode=disable", s.password, s.port, database)
}

// stop ends the server and removes its files.
func (s *server) stop() error {
	return errors.Join(s.life.Close(), s.shell.Wait(), os.RemoveAll(s.folder))
}
