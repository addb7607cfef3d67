package media

import (
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"

	"usersig"
)

// TestOnlyKinds: what may not be sent is not offered, whatever an offer says of its
// direction; all else of it stays as it was.
func TestOnlyKinds(t *testing.T) {
	const session = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=m=video\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n"
	section := func(kind string, lines ...string) string {
		return "m=" + kind + " 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n" + strings.Join(append(lines, ""), "\r\n")
	}
	data := "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sendrecv\r\n"
	for _, one := range []struct {
		name, in, want string
	}{
		{"sound", section("audio", "a=sendonly"), section("audio", "a=sendonly")},
		{"video", section("video", "a=sendonly", "a=msid:a b"), section("video", "a=msid:a b", "a=inactive")},
		{"both ways", section("video", "a=sendrecv"), section("video", "a=recvonly")},
		{"to receive", section("video", "a=recvonly"), section("video", "a=recvonly")},
		{"no direction", section("video"), section("video", "a=inactive")},
		{"two directions", section("video", "a=recvonly", "a=sendonly"), section("video", "a=recvonly")},
		{"several", section("video", "a=sendonly") + section("audio", "a=sendonly") + section("video", "a=sendrecv"),
			section("video", "a=inactive") + section("audio", "a=sendonly") + section("video", "a=recvonly")},
		{"lines ended by LF alone", strings.ReplaceAll(section("video", "a=sendonly"), "\r\n", "\n"), section("video", "a=inactive")},
		{"no end", strings.TrimSuffix(section("video", "a=sendonly"), "\r\n"), section("video", "a=inactive")},
	} {
		s := &seat{}
		s.rights.Store(uint32(usersig.SendAudio))
		offer := &livekit.SessionDescription{Type: "offer", Sdp: session + data + one.in}
		s.onlyKinds(offer)
		if want := session + data + one.want; offer.Sdp != want {
			t.Errorf("%s:\n%q\nnot\n%q", one.name, offer.Sdp, want)
		}
		all := &seat{}
		all.rights.Store(uint32(usersig.AllPrivileges))
		same := &livekit.SessionDescription{Sdp: session + data + one.in}
		if all.onlyKinds(same); same.Sdp != session+data+one.in {
			t.Errorf("%s: who may send all sends %q", one.name, same.Sdp)
		}
	}
}

// TestLies: what a track is can be seen from what is sent.
func TestLies(t *testing.T) {
	for _, one := range []struct {
		kind livekit.TrackType
		mime string
		want bool
	}{
		{livekit.TrackType_AUDIO, "audio/opus", false}, {livekit.TrackType_AUDIO, "audio/red", false}, {livekit.TrackType_VIDEO, "video/VP8", false},
		{livekit.TrackType_VIDEO, "VIDEO/H264", false}, {livekit.TrackType_AUDIO, "video/VP8", true}, {livekit.TrackType_VIDEO, "audio/opus", true},
	} {
		if got := lies(&livekit.TrackInfo{Type: one.kind, MimeType: one.mime}); got != one.want {
			t.Errorf("%v of %s: %v", one.kind, one.mime, got)
		}
	}
}
