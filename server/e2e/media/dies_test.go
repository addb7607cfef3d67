package media_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"usersig"
	"usersig/server/e2e/internal/node"
	"usersig/server/internal/config"
	"usersig/server/internal/daemon"
	"usersig/server/internal/gate"
)

// asNode names the configuration of the node that a process is to be.
const asNode = "USERSIG_TEST_NODE"

// runNode is a process that is a node, until it is killed.
func runNode(file string) int {
	cfg, err := config.Load(config.Source{File: file, Flags: func(c *config.Config) { c.Init = true }})
	if err == nil {
		err = serveNode(cfg)
	}
	fmt.Fprintln(os.Stderr, "node:", err)
	return 1
}

func serveNode(cfg *config.Config) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	d, err := daemon.Open(ctx, cfg, daemon.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the tests have ended, however they do
		cancel()
	}()
	go func() {
		for range hangup {
			if err := d.Reload(ctx, cfg); err != nil {
				fmt.Fprintln(os.Stderr, "reload:", err)
			}
		}
	}()
	fmt.Println(d.Addr())
	return errors.Join(d.Serve(ctx), d.Close())
}

// openProcess starts the first node in a process of its own. It returns what sends it a
// signal, and waits for its end if that is what the signal is for.
func (n *nodes) openProcess() (data string, send func(syscall.Signal)) {
	n.t.Helper()
	data = filepath.Join(n.t.TempDir(), "data")
	file := filepath.Join(n.t.TempDir(), "usersigd.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\ndata: %q\nstore: %q\nmedia: {udp_port: %d, empty_timeout: %s, redis: {address: %q}}\n", data, n.url, node.FreePort(n.t), emptyTimeout, n.redis.address)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	w := &world{node.New(n.t)}
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), asNode+"="+file), w.Log
	if _, err := cmd.StdinPipe(); err != nil {
		n.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	send = func(s syscall.Signal) {
		_ = cmd.Process.Signal(s) // it may have ended
		if s != syscall.SIGHUP {
			_ = cmd.Wait()
		}
	}
	n.t.Cleanup(func() { send(syscall.SIGKILL) })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		send(syscall.SIGKILL)
		n.t.Fatalf("the node does not start: %v\n%s", err, w.Log)
	}
	w.Base = "http://" + strings.TrimSpace(address)
	token, err := os.ReadFile(filepath.Join(data, "operator.token"))
	if err != nil {
		n.t.Fatal(err)
	}
	w.Token, n.a = strings.TrimSpace(string(token)), w
	eventually(n.t, patience, "the node", func() bool { status, _ := w.Try("GET", "/readyz", nil); return status == http.StatusOK })
	n.identify(w)
	return data, send
}

// front returns a load balancer: the first node as long as it lives, and then the second.
func (n *nodes) front() *world {
	n.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go n.forward(c)
		}
	}()
	w := n.a.in(n.t)
	w.Base = "http://" + l.Addr().String()
	return w
}

func (n *nodes) forward(client net.Conn) {
	defer client.Close()
	for _, w := range []*world{n.a, n.b} {
		server, err := net.Dial("tcp", strings.TrimPrefix(w.Base, "http://"))
		if err != nil {
			continue
		}
		go func() {
			defer client.Close()
			defer server.Close()
			_, _ = io.Copy(client, server)
		}()
		_, _ = io.Copy(server, client)
		_ = server.Close()
		return
	}
}

// quiet is how long nothing must have come for it to be silence.
const quiet = 300 * time.Millisecond

// silent waits until nothing of a source comes any more.
func (p *party) silent(s livekit.TrackSource) {
	p.t.Helper()
	eventually(p.t, patience, "silence", func() bool {
		p.forget(s)
		select {
		case <-p.source(s): // packets come every 20 ms
			return false
		case <-time.After(quiet):
			return true
		}
	})
}

func (p *party) hearsWithin(d time.Duration, s livekit.TrackSource) {
	p.t.Helper()
	select {
	case <-p.source(s):
	case <-time.After(d):
		p.t.Fatalf("nothing was received of %v within %v", s, d)
	}
}

// recovery is how long it may take until the users of a dead node's room hear each other
// again. It is made of the time until Redis says that the node is dead (5 s, of LiveKit's
// own), and of the clients' waiting longer between tries each time.
const recovery = 40 * time.Second

// TestNodeDies: when the node that has a room is killed, the room moves, and its users
// find each other again by themselves: those who were connected to it, and those who were
// not. Who was revoked meanwhile stays out.
func TestNodeDies(t *testing.T) {
	t.Parallel()
	n := newNodes(t)
	data, send := n.openProcess()
	n.second(data, n.a.Token)
	a := n.app(nil).at(n.b)
	n.host(a, lobby, n.a)
	front := n.front()
	hall := usersig.Room{Name: "hall"}
	n.host(a, hall, n.a)
	n.b.mustDial(plain(), a.credential("dave", hall)) // who does not come back
	gone := a.credential("carol", lobby)
	alice, bob, carol := front.mustJoin(a.credential("alice", lobby)), n.b.mustJoin(a.credential("bob", lobby)), front.mustJoin(gone)
	for _, p := range []*party{alice, bob} {
		if err := p.send(livekit.TrackSource_MICROPHONE); err != nil {
			t.Fatal(err)
		}
	}
	alice.hears(livekit.TrackSource_MICROPHONE)
	bob.hears(livekit.TrackSource_MICROPHONE)
	send(syscall.SIGKILL)
	killed := time.Now()
	n.b.Must("POST", a.path("/users/carol/revoke"), nil)
	both := map[string]*party{"alice": alice, "bob": bob}
	for _, p := range both {
		p.silent(livekit.TrackSource_MICROPHONE)
	}
	for name, p := range both {
		p.hearsWithin(recovery, livekit.TrackSource_MICROPHONE)
		t.Logf("%s hears again %v after the kill at the latest", name, time.Since(killed).Round(100*time.Millisecond))
	}
	if n.hostOf(a, lobby) != n.b {
		t.Error("the room did not move")
	}
	n.b.refused(gone, 70052)
	// Her SDK tries again for a minute and more, and is refused each time.
	if carol.room.ConnectionState() == lksdk.ConnectionStateConnected {
		t.Error("carol is back")
	}
	n.b.usersAre(a, lobby, "alice", "bob")
	eventually(t, patience, "the end of a room to which nobody came back", func() bool {
		status, _ := n.b.Try("GET", a.path("/rooms/%s/users", gate.RoomText(hall)), nil)
		return status == http.StatusNotFound
	})
	t.Logf("a room to which nobody came back is closed %v after the kill", time.Since(killed).Round(100*time.Millisecond))
	if rooms := n.b.Must("GET", a.path("/rooms"), nil)["rooms"].([]any); len(rooms) != 1 {
		t.Errorf("the rooms are %v", rooms)
	}
}

// usersAre waits until a node says that these users are in a room, and nobody else.
func (w *world) usersAre(a *app, room usersig.Room, want ...string) {
	w.T.Helper()
	eventually(w.T, patience, fmt.Sprintf("that the users are %v", want), func() bool {
		var got []string
		_, out := w.Try("GET", a.path("/rooms/n%d/users", room.ID), nil)
		users, _ := out["users"].([]any)
		for _, u := range users {
			got = append(got, u.(object)["userid"].(string))
		}
		return slices.Equal(got, want)
	})
}
