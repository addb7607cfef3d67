// Package node runs a usersigd that serves media inside a test, for tests of several packages.
package node

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usersig/server/internal/config"
	"usersig/server/internal/daemon"
)

// patience is how long a node may take to become ready.
const patience = 20 * time.Second

// Node is a usersigd and what its operator needs.
type Node struct {
	T     *testing.T
	Log   *Lines
	Base  string // its URL
	Token string // the operator's
	Stop  func() // ends it before the test does

	ahead *atomic.Int64 // nanoseconds that the node's clock is ahead of ours
}

// New returns a node that is to be started, and asked, by other means.
func New(t *testing.T) *Node { return &Node{T: t, Log: &Lines{}, ahead: new(atomic.Int64)} }

// Open starts a node in this process, with change made to its configuration. It ends with the test.
func Open(t *testing.T, change func(*config.Config)) *Node {
	t.Helper()
	n := New(t)
	cfg, err := config.Load(config.Source{Flags: func(c *config.Config) {
		c.Listen, c.Data, c.Init = "127.0.0.1:0", filepath.Join(t.TempDir(), "data"), true
		c.Media.UDPPort = FreePort(t)
		c.Limits.PerSource = config.Rate{}
		if change != nil {
			change(c)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	level := new(slog.LevelVar)
	log := slog.New(slog.NewTextHandler(n.Log, &slog.HandlerOptions{Level: level}))
	d, err := daemon.Open(t.Context(), cfg, daemon.Options{Clock: n.Now, Level: level, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	n.serve(d)
	n.Base = "http://" + d.Addr().String()
	text, err := os.ReadFile(filepath.Join(cfg.Data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	n.Token = strings.TrimSpace(string(text))
	return n
}

func (n *Node) serve(d *daemon.Daemon) {
	ctx, cancel := context.WithCancel(n.T.Context())
	served := make(chan error, 1)
	go func() { served <- d.Serve(ctx) }()
	n.Stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			n.T.Errorf("the daemon ended with: %v", err)
		}
		if err := d.Close(); err != nil {
			n.T.Errorf("the daemon closed with: %v", err)
		}
	})
	n.T.Cleanup(func() {
		n.Stop()
		if n.T.Failed() {
			n.T.Logf("the daemon wrote:\n%s", n.Log)
		}
	})
}

// In is the same node for another test, a part of the first.
func (n *Node) In(t *testing.T) *Node {
	other := *n
	other.T = t
	return &other
}

// Now is the time by the node's clock.
func (n *Node) Now() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

// Pass lets time pass for the node, and waits until it has looked at its store again.
func (n *Node) Pass(d time.Duration) {
	n.T.Helper()
	n.ahead.Add(int64(d))
	for end := time.Now().Add(patience); ; {
		if status, _ := n.Try("GET", "/readyz", nil); status == http.StatusOK {
			return
		}
		time.Sleep(5 * time.Millisecond) // between two questions
		if time.Now().After(end) {
			n.T.Fatal("the server does not become ready")
		}
	}
}

// FreePort returns a UDP port of loopback that nobody has.
func FreePort(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return uint16(c.LocalAddr().(*net.UDPAddr).Port)
}
