package media_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisServer is a Redis server of one test, on a free port of loopback. It keeps nothing
// on disk, so that nodes have to put up with one that comes back empty.
//
// What is in it is trusted: a pass goes through it from the node that admits to the one
// that has the room, and whoever can write there can enter any room. So no test forges a
// pass in Redis: that it would be believed is known, and it is for the network and for
// Redis's own password to keep others out.
type redisServer struct {
	t       *testing.T
	address string
	client  *redis.Client
	process *os.Process
	secure  *secure // nil without TLS
	end     func()
}

// redisGuard runs a server until its own input ends, however the test binary does. It
// says which process the server is.
const redisGuard = `trap '' INT TERM HUP
"$@" >/dev/null & echo $!
read -r _
kill -9 $! 2>/dev/null`

// startRedis starts a server that ends with the test.
func startRedis(t *testing.T) *redisServer {
	t.Helper()
	return startSecureRedis(t, nil)
}

// startSecureRedis starts a server that speaks TLS only, unless s is nil.
func startSecureRedis(t *testing.T, s *secure) *redisServer {
	t.Helper()
	r := &redisServer{t: t, address: "127.0.0.1:" + strconv.Itoa(freeTCPPort(t)), secure: s}
	r.client = redis.NewClient(&redis.Options{Addr: r.address, TLSConfig: s.client()})
	t.Cleanup(func() { _ = r.client.Close() })
	r.start()
	t.Cleanup(func() { r.end() })
	return r
}

func (r *redisServer) start() {
	r.t.Helper()
	_, port, _ := net.SplitHostPort(r.address)
	shell := exec.Command("/bin/sh", append([]string{"-c", redisGuard, "guard", "redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, r.secure.listen(port)...)...)
	shell.Dir, shell.SysProcAttr = r.t.TempDir(), &syscall.SysProcAttr{Setpgid: true}
	in, err := shell.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	out, err := shell.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.end = func() {
		_ = in.Close()
		_ = shell.Wait() // it says how its last command ended
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		r.t.Fatalf("redis-server: %v (on Debian, apt-get install redis-server)", err)
	}
	if r.process, err = os.FindProcess(pid); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, patience, "Redis (on Debian, apt-get install redis-server)", func() bool { return r.client.Ping(r.t.Context()).Err() == nil })
}

// stop ends the server as a crash would. What it knew is gone.
func (r *redisServer) stop() { r.end() }

// freeze makes the server stand still: connections stay open and nothing answers.
func (r *redisServer) freeze() { r.signal(syscall.SIGSTOP) }

// thaw lets it go on.
func (r *redisServer) thaw() { r.signal(syscall.SIGCONT) }

func (r *redisServer) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

func freeTCPPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// eventually asks until the answer is yes, and returns how long that took.
func eventually(t *testing.T, within time.Duration, what string, ask func() bool) time.Duration {
	t.Helper()
	started := time.Now()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !ask() {
		if time.Since(started) > within {
			t.Fatalf("%s: not within %v", what, within)
		}
		<-again.C
	}
	return time.Since(started)
}
