package media_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"usersig"
	"usersig/server/internal/config"
)

// huge is the size of a message that LiveKit would read whole.
const huge = 100 << 20

// mostMemory is how much more the process may have had from the system while it was sent.
// The server and its clients are in it, and the call.
const mostMemory = 48 << 20

// frame is the beginning of a WebSocket frame whose mask is zero.
func frame(head byte, size int) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{head, 0x80 | 127}, uint64(size)), 0, 0, 0, 0)
}

const (
	final, deflated, continued, binaryFrame = 0x80, 0x40, 0x00, 0x02
)

// TestHugeMessage: a message of 100 MB ends the connection it came by, costs no memory
// that is worth the name, and disturbs nobody.
func TestHugeMessage(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	zeros := make([]byte, 1<<20)
	for name, send := range map[string]func(io.Writer) error{
		"in one frame": func(to io.Writer) error {
			return writeAll(to, frame(final|binaryFrame, huge), zeros, huge/len(zeros))
		},
		"in frames of 1 MB": func(to io.Writer) error {
			first := append(frame(binaryFrame, len(zeros)), zeros...)
			next := append(frame(continued, len(zeros)), zeros...)
			return writeAll(to, first, next, huge/len(zeros)-1)
		},
		"in frames of 1 kB": func(to io.Writer) error {
			first := append(frame(binaryFrame, 1<<10), zeros[:1<<10]...)
			next := append(frame(continued, 1<<10), zeros[:1<<10]...)
			return writeAll(to, first, next, huge>>10-1)
		},
		"in frames of nothing": func(to io.Writer) error {
			return writeAll(to, frame(binaryFrame, 0), frame(continued, 0), 1<<20)
		},
		"of which little is sent": func(to io.Writer) error {
			return writeAll(to, frame(final|binaryFrame, huge), zeros[:1], 1)
		},
		"compressed": func(to io.Writer) error {
			bomb := bombOf(t)
			return writeAll(to, append(frame(final|deflated|binaryFrame, len(bomb)), bomb...), nil, 0)
		},
	} {
		x, _ := w.mustDial(plain(), a.credential("mallory", usersig.Room{ID: 7}))
		before := taken()
		go func() { _ = send(x.ws.NetConn()) }() // it fails when the server has had enough
		after := x.ends()
		more := taken() - before
		t.Logf("%s: the connection ended after %v; %d kB more memory", name, after.Round(time.Millisecond), more>>10)
		if more > mostMemory {
			t.Errorf("%s: %d MB more memory", name, more>>20)
		}
	}
	c.undisturbed(t)
}

// bombOf is 100 MB of zeros, compressed as permessage-deflate does.
func bombOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeAll(z, nil, make([]byte, 1<<20), huge>>20); err != nil {
		t.Fatal(err)
	}
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeAll(to io.Writer, first, next []byte, times int) error {
	_, err := to.Write(first)
	for i := 0; err == nil && i < times; i++ {
		_, err = to.Write(next)
	}
	return err
}

// taken is what the process has from the system, now and at any time before.
func taken() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapSys + m.StackSys)
}

// TestNoCompression: who asks for compression does not get it.
func TestNoCompression(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	d := websocket.Dialer{HandshakeTimeout: patience, EnableCompression: true}
	ws, resp, err := d.Dial("ws"+strings.TrimPrefix(w.Base, "http")+"/rtc", http.Header{"Authorization": {"Bearer " + a.credential("alice", lobby).String()}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if got := resp.Header.Get("Sec-Websocket-Extensions"); got != "" {
		t.Errorf("the server compresses: %s", got)
	}
}

// TestFlood: a client that sends more messages than any client needs is cut off, whatever
// they are. They come no faster than LiveKit could take them: it cuts off who is faster.
func TestFlood(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	for name, r := range map[string]*livekit.SignalRequest{
		"pings":   {Message: &livekit.SignalRequest_Ping{Ping: 1}},
		"nothing": {},
		"subscriptions": {Message: &livekit.SignalRequest_Subscription{Subscription: &livekit.UpdateSubscription{
			TrackSids: []string{"TR_x"}, Subscribe: true,
		}}},
		"mutes": {Message: &livekit.SignalRequest_Mute{Mute: &livekit.MuteTrackRequest{Sid: "TR_x", Muted: true}}},
	} {
		x, _ := w.mustDial(plain(), a.credential("mallory", lobby))
		var sent atomic.Int64
		text := marshal(t, r)
		go func() {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				for range 20 {
					if x.ws.WriteMessage(websocket.BinaryMessage, text) != nil {
						return
					}
					sent.Add(1)
				}
			}
		}()
		after := x.ends()
		t.Logf("%s: cut off after %v and at most %d messages", name, after.Round(time.Millisecond), sent.Load())
	}
	c.onlyNoticed("mallory is ")
	c.undisturbed(t)
}

// most is how many connections are opened that never say what they want.
const most = 10_000

// TestHalfOpen: ten thousand connections that never finish their request, half of which
// send a byte now and then, are closed after the time that a header may take at the
// latest, and keep nobody out meanwhile: whether they come from one address, or each from
// its own.
func TestHalfOpen(t *testing.T) {
	for name, from := range map[string]func(i int) net.Addr{
		"from one address":  func(int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)} },
		"each from its own": func(i int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 1, byte(i>>7), byte(1+i&0x7f))} },
	} {
		t.Run(name, func(t *testing.T) { halfOpen(t, from) })
	}
}

func halfOpen(t *testing.T, from func(i int) net.Addr) {
	t.Helper()
	w := open(t, func(c *config.Config) { c.Limits.HeaderTimeout = time.Second })
	a := w.app(nil)
	c := w.talk(a, lobby)
	carol := a.credential("carol", usersig.Room{ID: 7})
	n := min(most, descriptors(t))
	started := time.Now()
	conns := dialMany(t, strings.TrimPrefix(w.Base, "http://"), n, from)
	t.Logf("%d connections were opened within %v", n, time.Since(started).Round(time.Millisecond))
	stop := make(chan struct{})
	var dripping sync.WaitGroup
	dripping.Go(func() { drip(conns, stop) })
	began := time.Now()
	w.mustDial(plain(), carol)
	t.Logf("somebody else came in within %v", time.Since(began).Round(time.Millisecond))
	c.undisturbed(t)
	for i, conn := range conns {
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); errTimeout(err) {
			t.Fatalf("connection %d is still open", i)
		}
	}
	t.Logf("the last was closed %v after the first was opened", time.Since(started).Round(time.Millisecond))
	close(stop)
	dripping.Wait()
	c.undisturbed(t)
}

// dialMany opens connections until the test ends. Every other one begins a request; the
// others say nothing at all.
func dialMany(t *testing.T, at string, n int, from func(i int) net.Addr) []net.Conn {
	t.Helper()
	conns, failed := make([]net.Conn, n), make([]error, 8)
	var wg sync.WaitGroup
	for worker := range failed {
		wg.Go(func() {
			for i := worker; i < n && failed[worker] == nil; i += len(failed) {
				d := net.Dialer{LocalAddr: from(i), Timeout: patience}
				conns[i], failed[worker] = d.Dial("tcp", at)
				if i%2 == 0 && failed[worker] == nil {
					_, _ = io.WriteString(conns[i], "GET /rtc HTTP/1.1\r\nHost: x\r\nX-A: ") // it may be closed already
				}
			}
		})
	}
	wg.Wait()
	t.Cleanup(func() {
		for _, conn := range conns {
			if conn != nil {
				_ = conn.Close()
			}
		}
	})
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	return conns
}

// drip sends one more byte of a header by each connection, again and again.
func drip(conns []net.Conn, stop chan struct{}) {
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-stop:
			return
		case <-again.C:
		}
		for i := 0; i < len(conns); i += 2 {
			_, _ = conns[i].Write([]byte("a")) // it fails when the server has had enough
		}
	}
}

// descriptors raises the limit of open files as far as it goes, and returns how many
// connections fit whose both ends are in this process.
func descriptors(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	raised := syscall.Rlimit{Cur: max(limit.Max, 2*most+2000), Max: max(limit.Max, 2*most+2000)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
		raised = syscall.Rlimit{Cur: limit.Max, Max: limit.Max} // only root may have more
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit.Cur, Max: raised.Max}) })
	return int(min(raised.Cur, 1<<20)-1000) / 2
}
