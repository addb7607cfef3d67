package media_test

import (
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"usersig/server/internal/config"
	"usersig/server/internal/gate"
)

// openTCP starts a usersigd with a port for media by TCP, and returns the port.
func openTCP(t *testing.T) (*world, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	return open(t, func(c *config.Config) { c.Media.TCPPort = uint16(port) }), strconv.Itoa(port)
}

// viewBy enters a room as a viewer whose connection is made by other settings.
func (w *world) viewBy(c gate.Credential, settings webrtc.SettingEngine) *viewer {
	w.T.Helper()
	x, join := w.mustDial(plain(), c)
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		w.T.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(codecs)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(func() { _ = pc.Close() })
	v := &viewer{wire: x, sid: join.GetParticipant().GetSid(), pc: pc, gone: make(chan struct{}), replies: map[uint32]livekit.RequestResponse_Reason{}, changed: make(chan struct{})}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if _, _, err := track.ReadRTP(); err == nil {
			v.change(func() { v.tracks = append(v.tracks, track.ID()) })
		}
	})
	pc.OnICECandidate(v.trickle(livekit.SignalTarget_SUBSCRIBER))
	return v
}

// follows answers the server from now on.
func (v *viewer) follows() {
	go func() {
		defer close(v.gone)
		for {
			r, err := v.next()
			if err != nil || v.handle(r) != nil {
				return
			}
		}
	}()
}

// TestTCPOnly: a user whose network lets no UDP through hears others, while strangers
// hold what they can of the port.
func TestTCPOnly(t *testing.T) {
	w, port := openTCP(t)
	strangers(t, "127.0.0.3", port, 600)
	a := w.app(nil)
	alice := w.mustJoin(a.credential("alice", lobby))
	if err := alice.send(livekit.TrackSource_MICROPHONE); err != nil {
		t.Fatal(err)
	}
	var byTCP webrtc.SettingEngine
	byTCP.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	byTCP.SetIncludeLoopbackCandidate(true)
	v := w.viewBy(a.credential("bob", lobby), byTCP)
	v.follows()
	v.waitFor("a track by TCP", func() bool { return len(v.tracks) > 0 })
	pair, err := v.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair.Remote.Protocol != webrtc.ICEProtocolTCP || strconv.Itoa(int(pair.Remote.Port)) != port {
		t.Errorf("he is connected by %v: %v", pair, err)
	}
}

// TestTCPStrangers: the port is where the configuration says and nowhere else, and who
// says nothing there is sent away soon.
func TestTCPStrangers(t *testing.T) {
	_, port := openTCP(t)
	if c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.2", port)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("another address of this machine: %v, %v", c, err)
	}
	started := time.Now()
	all := strangers(t, "127.0.0.3", port, 600)
	ends := make([]time.Duration, len(all)) // when each was closed; 0 is never
	var reading sync.WaitGroup
	for i, c := range all {
		reading.Go(func() {
			_ = c.SetReadDeadline(started.Add(10 * time.Second))
			if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				ends[i] = time.Since(started)
			}
		})
	}
	reading.Wait()
	held := 0
	for _, end := range ends {
		if end == 0 {
			t.Fatal("a silent connection is still there")
		}
		if end > 3*time.Second { // and those that were too many, at once
			held++
		}
	}
	if held > 512 || held == 0 {
		t.Errorf("one address held %d of %d connections", held, len(all))
	}
	t.Logf("%d of %d connections were held, for %v", held, len(all), slices.Max(ends))
}

// strangers opens connections from an address that say nothing.
func strangers(t *testing.T, from, port string, n int) (all []net.Conn) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	for range n {
		c, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		all = append(all, c)
	}
	return all
}
