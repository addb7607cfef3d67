package media_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"

	"usersig/server/e2e/internal/node"
)

// openAlone starts a node in a process of its own, whose sockets are not mixed with the
// clients'.
func openAlone(t *testing.T, media string) (w *world, pid int) {
	t.Helper()
	data, file := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "usersigd.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\ndata: %q\nmedia: %s\n", data, media)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w = &world{node.New(t)}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), asNode+"="+file), w.Log
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the node does not start: %v\n%s", err, w.Log)
	}
	w.Base = "http://" + strings.TrimSpace(address)
	token, err := os.ReadFile(filepath.Join(data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	w.Token = strings.TrimSpace(string(token))
	return w, cmd.Process.Pid
}

// sockets returns where a process can be reached, such as "udp 127.0.0.1:7882".
func sockets(t *testing.T, pid int) (all []string) {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(links) == 0 {
		t.Fatal("no descriptors of the node: ", err)
	}
	own := map[string]bool{}
	for _, link := range links {
		to, _ := os.Readlink(link) // it may have been closed
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, kind := range []string{"tcp", "tcp6", "udp", "udp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			f := strings.Fields(line)
			if listens := f[3] == "0A" || kind[:3] == "udp"; listens && own[f[9]] {
				all = append(all, kind[:3]+" "+address(t, f[1]))
			}
		}
	}
	slices.Sort(all)
	return all
}

// address reads one as the kernel writes it: in words of the machine's byte order.
func address(t *testing.T, text string) string {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil {
		t.Fatalf("%q: %v, %v", text, err, err2)
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word) // little-endian, as the machines that tests run on
	}
	a, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(n)).String()
}

// TestSockets: what the configuration says is open, and nothing else, whatever happens.
// Media were at ports of LiveKit's own choice.
func TestSockets(t *testing.T) {
	first := freeRange(t, 4)
	udp := func(from, to uint16) (all []string) {
		for p := from; p <= to; p++ {
			all = append(all, fmt.Sprintf("udp 127.0.0.1:%d", p))
		}
		return all
	}
	used := min(4, uint16(runtime.NumCPU()))
	for name, test := range map[string]struct {
		media string
		want  []string
	}{
		"one port":  {fmt.Sprintf("{udp_port: %d}", first), udp(first, first)},
		"a range":   {fmt.Sprintf("{udp_port: %d, udp_port_end: %d}", first, first+3), udp(first, first+used-1)},
		"TCP":       {fmt.Sprintf("{udp_port: %d, tcp_port: %d}", first, first+1), append(udp(first, first), fmt.Sprintf("tcp 127.0.0.1:%d", first+1))},
		"TURN":      {fmt.Sprintf("{udp_port: %d, relay: {udp_port: %d}}", first, first+1), udp(first, first+1)},
		"addresses": {fmt.Sprintf("{udp_port: %d, address: 203.0.113.7, bind: [127.0.0.1]}", first), udp(first, first)},
	} {
		t.Run(name, func(t *testing.T) {
			w, pid := openAlone(t, test.media)
			want := append(slices.Clone(test.want), "tcp "+strings.TrimPrefix(w.Base, "http://"))
			slices.Sort(want)
			if got := sockets(t, pid); !slices.Equal(got, want) {
				t.Errorf("before a call there are %q, want %q", got, want)
			}
			if name == "addresses" {
				return // nobody can come in by that one
			}
			a := w.app(nil)
			alice, bob := w.mustJoin(a.credential("alice", lobby)), w.mustJoin(a.credential("bob", lobby))
			if err := alice.send(livekit.TrackSource_MICROPHONE); err != nil {
				t.Fatal(err)
			}
			bob.hears(livekit.TrackSource_MICROPHONE)
			got := slices.DeleteFunc(sockets(t, pid), func(s string) bool {
				return name == "TURN" && strings.HasPrefix(s, "udp 127.0.0.1:30") // between first_port and last_port
			})
			if !slices.Equal(got, want) {
				t.Errorf("in a call there are %q, want %q", got, want)
			}
		})
	}
}

// freeRange returns the first of several ports in a row that nobody has.
func freeRange(t *testing.T, n uint16) uint16 {
	t.Helper()
	for {
		first := node.FreePort(t)
		if first > 65535-n {
			continue
		}
		free := true
		for p := first; free && p < first+n; p++ {
			free = isFree(t, "tcp", p) && isFree(t, "udp", p)
		}
		if free {
			return first
		}
	}
}

func isFree(t *testing.T, network string, port uint16) bool {
	t.Helper()
	var c io.Closer
	var err error
	at, lc := fmt.Sprintf("127.0.0.1:%d", port), &net.ListenConfig{}
	if network == "tcp" {
		c, err = lc.Listen(t.Context(), network, at)
	} else {
		c, err = lc.ListenPacket(t.Context(), network, at)
	}
	return err == nil && c.Close() == nil
}
