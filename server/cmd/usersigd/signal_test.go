package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// child is a usersigd of its own.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
	base  string
}

var servingAt = regexp.MustCompile(`msg=serving address=(\S+)`)

// begin starts a child and waits until it serves.
func begin(t *testing.T, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(os.Args[0], args...)}
	c.cmd.Env = append(os.Environ(), childVar+"=1", "GORACE=atexit_sleep_ms=0")
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it has ended, unless the test failed
		_, _ = io.Copy(io.Discard, stderr)
		_ = c.cmd.Wait()
	})
	c.lines = bufio.NewScanner(stderr)
	c.base = "http://" + servingAt.FindStringSubmatch(c.until("msg=serving"))[1]
	return c
}

// until returns the next line of the log that has text in it.
func (c *child) until(text string) string {
	c.t.Helper()
	for c.lines.Scan() {
		if strings.Contains(c.lines.Text(), text) {
			return c.lines.Text()
		}
	}
	c.t.Fatalf("the log ended without %q", text)
	return ""
}

func (c *child) signal(s os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) health() int {
	c.t.Helper()
	resp, err := http.Get(c.base + "/healthz")
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestSignals: SIGHUP reads the configuration again, a bad one changes nothing, and
// SIGTERM ends the server well.
func TestSignals(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "usersigd.yaml")
	configure := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("listen: 127.0.0.1:0\nmedia: off\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("")
	c := begin(t, "--data", filepath.Join(dir, "data"), "--init", "--config", file)

	configure("limits: {requests: 0}\nlisen: x")
	c.signal(syscall.SIGHUP)
	if line := c.until("the old one stays"); !strings.Contains(line, "lisen") {
		t.Errorf("the log does not say what is wrong: %s", line)
	}
	configure("limits: {requests: 0}")
	c.signal(syscall.SIGHUP)
	c.until("limits.requests")
	if got := c.health(); got != http.StatusOK {
		t.Errorf("/healthz = %d after a bad configuration", got)
	}
	configure("log: {level: debug}\npoll: 100ms")
	c.signal(syscall.SIGHUP)
	c.until("keys=poll")
	c.until("the configuration was read again")
	if got := c.health(); got != http.StatusOK {
		t.Errorf("/healthz = %d after a reload", got)
	}
	c.signal(syscall.SIGTERM)
	c.until("msg=ending")
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("SIGTERM ends it with: %v", err)
	}
}

// TestSecondSignal: who is in a hurry does not wait for the requests under way.
func TestSecondSignal(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "usersigd.yaml")
	if err := os.WriteFile(file, []byte("listen: 127.0.0.1:0\nmedia: off\nlimits: {drain_delay: 1h}"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := begin(t, "--data", filepath.Join(dir, "data"), "--init", "--config", file)
	c.signal(syscall.SIGTERM)
	c.until("msg=ending")
	c.signal(syscall.SIGTERM)
	_ = c.cmd.Wait() // the status says it all
	if got := c.cmd.ProcessState.ExitCode(); got != exitCannot {
		t.Errorf("a second SIGTERM ends it with status %d", got)
	}
}

// TestKilled: what was acknowledged is there after kill -9, and the state opens.
func TestKilled(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	c := begin(t, "--data", data, "--init", "--config", listenAnywhere(t))
	token, err := os.ReadFile(filepath.Join(data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest(http.MethodPost, c.base+"/v1/apps", strings.NewReader(`{"name":"demo"}`))
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("POST /v1/apps = %d", resp.StatusCode)
	}
	c.signal(syscall.SIGKILL)
	_ = c.cmd.Wait() // it was killed
	again := begin(t, "--data", data, "--config", listenAnywhere(t))
	req, _ = http.NewRequest(http.MethodGet, again.base+"/v1/apps/1400000000", nil)
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	resp, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the application is gone: %d", resp.StatusCode)
	}
}

func listenAnywhere(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "usersigd.yaml")
	if err := os.WriteFile(file, []byte("listen: 127.0.0.1:0\nmedia: off"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
