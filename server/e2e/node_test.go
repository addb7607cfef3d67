package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// node is a place where usersigd can run: a data folder and a configuration.
type node struct {
	t      *testing.T
	data   string
	config string
	inside []string             // a command that starts the daemon, such as one that mounts
	attr   *syscall.SysProcAttr // of its process
	enter  []string             // a command that starts other commands where the daemon is
}

// newNode writes a configuration with the given lines of YAML, on a free port.
func newNode(t *testing.T, lines ...string) *node {
	t.Helper()
	dir := t.TempDir()
	n := &node{t: t, data: filepath.Join(dir, "data"), config: filepath.Join(dir, "usersigd.yaml")}
	n.configure(lines...)
	return n
}

// configure writes the configuration anew.
func (n *node) configure(lines ...string) {
	n.t.Helper()
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "media:") }) {
		lines = append(lines, "media: off") // or they would all want the same port
	}
	text := fmt.Sprintf("listen: 127.0.0.1:0\ndata: %q\n%s\n", n.data, strings.Join(lines, "\n"))
	if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// onPostgres is a line of the configuration.
func onPostgres(url string) string { return fmt.Sprintf("store: %q", url) }

// unlimited is a line of the configuration for tests that send much from one address
// without an API key, or with the same one.
const unlimited = "limits: {per_source: {per_second: 0, burst: 0}, per_key: {per_second: 0}}"

// made returns a node whose state was made.
func made(t *testing.T, lines ...string) *node {
	t.Helper()
	n := newNode(t, lines...)
	n.must("init")
	return n
}

// operator returns the operator's credential.
func (n *node) operator() string {
	n.t.Helper()
	return credential(n.t, n.data)
}

// credential reads the operator's credential in a data folder.
func credential(t *testing.T, data string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// environment is that of every usersigd. The race detector's reports are looked for in
// the log, and it need not wait for other threads' when the process ends.
func environment() []string {
	return append(os.Environ(), "GORACE=atexit_sleep_ms=0 halt_on_error=0")
}

// run runs a command of usersigd to its end and returns what it wrote.
func (n *node) run(args ...string) (stdout, stderr string, err error) {
	all := append(n.enter[:len(n.enter):len(n.enter)], program)
	all = append(append(all, args...), "--config", n.config)
	cmd := exec.Command(all[0], all[1:]...)
	cmd.Env = environment()
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	err = cmd.Run()
	if strings.Contains(failure.String(), raceReport) {
		n.t.Errorf("usersigd %s has a data race:\n%s", strings.Join(args, " "), failure.String())
	}
	return out.String(), failure.String(), err
}

// must is run for what must succeed.
func (n *node) must(args ...string) string {
	n.t.Helper()
	stdout, stderr, err := n.run(args...)
	if err != nil {
		n.t.Fatalf("usersigd %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return stdout
}

// raceReport is what every report of the race detector begins with.
const raceReport = "WARNING: DATA RACE"

// daemon is a usersigd that runs.
type daemon struct {
	t     *testing.T
	cmd   *exec.Cmd
	log   *output
	base  string
	ended chan struct{}
	err   error // of Wait, after ended
}

// start starts the daemon and waits until it serves.
func (n *node) start() *daemon {
	n.t.Helper()
	d := n.launch()
	if d.base == "" {
		n.t.Fatalf("usersigd does not start: %v\n%s", d.err, d.log)
	}
	return d
}

var servingAt = regexp.MustCompile(`msg=serving address=(\S+)`)

// launch starts the daemon and waits until it serves or has ended. If it has, base is
// empty.
func (n *node) launch() *daemon {
	n.t.Helper()
	args := append(n.inside[:len(n.inside):len(n.inside)], program, "--config", n.config)
	d := &daemon{t: n.t, cmd: exec.Command(args[0], args[1:]...), log: newOutput("msg=serving address="), ended: make(chan struct{})}
	d.cmd.Env, d.cmd.Stdout, d.cmd.Stderr, d.cmd.SysProcAttr = environment(), d.log, d.log, n.attr
	if err := d.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.ended)
	}()
	n.t.Cleanup(d.cleanUp)
	select {
	case <-d.log.seen:
		d.base = "http://" + servingAt.FindStringSubmatch(d.log.String())[1]
	case <-d.ended:
	case <-time.After(time.Minute):
		n.t.Fatalf("usersigd does not start within a minute:\n%s", d.log)
	}
	return d
}

func (d *daemon) cleanUp() {
	d.kill()
	d.noRace()
	if d.t.Failed() {
		d.t.Logf("the daemon wrote:\n%s", d.log.tail())
	}
}

// noRace fails the test if the race detector has found something.
func (d *daemon) noRace() {
	d.t.Helper()
	if text := d.log.String(); strings.Contains(text, raceReport) {
		d.t.Errorf("usersigd has a data race:\n%s", text[strings.Index(text, raceReport):])
	}
}

// kill is kill -9, and waits until the process is gone.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill() // it may have ended
	<-d.ended
}

// stop ends the daemon as an operator would.
func (d *daemon) stop() {
	d.t.Helper()
	d.signal(syscall.SIGTERM)
	<-d.ended
	if d.err != nil {
		d.t.Errorf("SIGTERM ends usersigd with: %v\n%s", d.err, d.log.tail())
	}
}

func (d *daemon) signal(s os.Signal) {
	d.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		d.t.Fatal(err)
	}
}

// output is what a process writes. It closes seen when a text has come.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	text string
	seen chan struct{}
	done bool
}

func newOutput(text string) *output { return &output{text: text, seen: make(chan struct{})} }

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.buf.Write(p)
	// A whole line, so that what follows the text is there too.
	if i := strings.Index(o.buf.String(), o.text); !o.done && i >= 0 && strings.Contains(o.buf.String()[i:], "\n") {
		o.done = true
		close(o.seen)
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// tail returns the end of it.
func (o *output) tail() string {
	const most = 2 << 10
	text := o.String()
	return text[max(0, len(text)-most):]
}
