package media_test

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"

	"usersig/server/e2e/internal/node"
	"usersig/server/internal/config"
	"usersig/server/internal/gate"
)

// openRelay starts a usersigd with the TURN server inside, and returns where that is.
func openRelay(t *testing.T, change func(*config.Config)) (*world, string) {
	t.Helper()
	port := node.FreePort(t)
	w := open(t, func(c *config.Config) {
		c.Media.Relay.UDPPort = port
		if change != nil {
			change(c)
		}
	})
	return w, net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))
}

// relayed allocates at a relay with the first credentials of a greeting.
func relayed(t *testing.T, at string, join *livekit.JoinResponse) (*turn.Client, net.PacketConn) {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s := join.GetIceServers()[0]
	client, err := turn.NewClient(&turn.ClientConfig{STUNServerAddr: at, TURNServerAddr: at, Conn: conn, Username: s.GetUsername(), Password: s.GetCredential()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	port, err := client.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = port.Close() })
	return client, port
}

// TestRelayIsForMedia: whoever may enter a room does not get an open relay with it, to
// the Internet, to the networks around or to other services of this machine.
func TestRelayIsForMedia(t *testing.T) {
	var udp uint16
	w, at := openRelay(t, func(c *config.Config) { udp = c.Media.UDPPort })
	_, join := w.mustDial(plain(), w.app(nil).credential("alice", lobby))
	client, port := relayed(t, at, join)

	// Only asked for: nothing is sent to any of these.
	for _, peer := range []string{"8.8.8.8", "203.0.113.7", "100.64.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.2", "0.0.0.0", "255.255.255.255", "224.0.0.1"} {
		err := client.CreatePermission(net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(peer), udp)))
		if err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("permission for %s: %v, want 403", peer, err)
		}
	}
	echo, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	media := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), udp))
	if err := client.CreatePermission(media); err != nil {
		t.Errorf("permission for the media: %v", err)
	}
	if _, err := port.WriteTo([]byte("hello"), echo.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	// The same the other way: nobody's packets but the media's come through.
	if _, err := echo.WriteTo([]byte("hello"), port.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	_ = echo.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	_ = port.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for who, c := range map[string]net.PacketConn{"another service": echo, "the client": port} {
		if n, from, err := c.ReadFrom(make([]byte, 100)); err == nil {
			t.Errorf("%s got %d bytes from %v", who, n, from)
		}
	}
}

// TestRelayedCall: two users who reach nothing but the relay talk to each other.
func TestRelayedCall(t *testing.T) {
	w, _ := openRelay(t, nil)
	a := w.app(nil)
	enter := func(user string) *party {
		p := &party{t: t, heard: map[livekit.TrackSource]chan struct{}{}}
		cb := &lksdk.RoomCallback{ParticipantCallback: lksdk.ParticipantCallback{OnTrackSubscribed: p.listen}}
		var err error
		p.room, err = lksdk.ConnectToRoomWithToken(w.Base, a.credential(user, lobby).String(), cb, lksdk.WithICETransportPolicy(webrtc.ICETransportPolicyRelay))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.room.Disconnect)
		return p
	}
	alice, bob := enter("alice"), enter("bob")
	if err := alice.send(livekit.TrackSource_MICROPHONE); err != nil {
		t.Fatal(err)
	}
	bob.hears(livekit.TrackSource_MICROPHONE)
}

// TestTURNCredentials: what the greeting tells ends with the UserSig, does not say who
// the user is, and is the same person's at every connection. On coming back it was not.
func TestTURNCredentials(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "turn.secret")
	if err := os.WriteFile(secret, []byte("shared"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, _ := openRelay(t, func(c *config.Config) {
		c.Media.TURN = []config.TURN{{URLs: []string{"turn:turn.example.org:3478"}, SecretFile: secret, TTL: 12 * time.Hour}}
	})
	a := w.app(nil)
	c := gate.Credential{App: a.id, UserID: "alice", Room: lobby, UserSig: a.sig("alice", 120)}
	_, join := w.mustDial(plain(), c)
	sid := join.GetParticipant().GetSid()
	again := plain()
	again.Set("reconnect", "1")
	again.Set("sid", sid)
	var back *livekit.ReconnectResponse
	eventually(t, patience, "coming back", func() bool { // when she is seated; before, she is told to begin anew
		x, _, err := w.dial("/rtc", again, c)
		if err == nil {
			back = x.read().GetReconnect()
		}
		return back != nil
	})
	for when, servers := range map[string][]*livekit.ICEServer{"joining": join.GetIceServers(), "coming back": back.GetIceServers()} {
		if len(servers) != 2 {
			t.Fatalf("%s: she is told of %v", when, servers)
		}
		for i, want := range []string{"", sid} {
			until, name, _ := strings.Cut(servers[i].GetUsername(), ":")
			end, err := strconv.ParseInt(until, 10, 64)
			if left := time.Until(time.Unix(end, 0)); err != nil || left > 3*time.Minute+time.Second || left < time.Minute {
				t.Errorf("%s: credentials of %q end in %v", when, servers[i].GetUrls(), left)
			}
			if want == "" {
				_, want, _ = strings.Cut(join.GetIceServers()[0].GetUsername(), ":")
			}
			if name != want || strings.Contains(name, "alice") {
				t.Errorf("%s: the name for %q is %q, want %q", when, servers[i].GetUrls(), name, want)
			}
		}
	}
}
