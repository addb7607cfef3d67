package media

import (
	"slices"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/sdp/v3"

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
		{"a tab after the kind", strings.Replace(section("video", "a=sendonly"), " ", "\t", 1), section("video", "a=inactive")},
		{"a line end before it", "\r" + section("video", "a=sendonly"), section("video", "a=inactive")},
		{"a line end before the direction", strings.Replace(section("video", "a=sendonly"), "a=sendonly", "\ra=sendonly", 1), section("video", "a=inactive")},
		{"a direction with a value", section("video", "a=sendrecv:x"), section("video", "a=recvonly")},
	} {
		s := &seat{}
		s.rights.Store(uint32(usersig.SendAudio))
		offer := &livekit.SessionDescription{Type: "offer", Sdp: session + data + one.in}
		if !s.onlyKinds(offer) {
			t.Errorf("%s: refused", one.name)
		}
		if want := session + data + one.want; offer.Sdp != want {
			t.Errorf("%s:\n%q\nnot\n%q", one.name, offer.Sdp, want)
		}
		all := &seat{}
		all.rights.Store(uint32(usersig.AllPrivileges))
		same := &livekit.SessionDescription{Sdp: session + data + one.in}
		if !all.onlyKinds(same) || same.Sdp != session+data+one.in {
			t.Errorf("%s: who may send all sends %q", one.name, same.Sdp)
		}
	}
}

// TestManySources: an offer that would keep the engine busy goes nowhere, whatever its
// user may send.
func TestManySources(t *testing.T) {
	s := &seat{}
	s.rights.Store(uint32(usersig.AllPrivileges))
	for n, want := range map[int]bool{mostSources: true, mostSources + 1: false} {
		offer := &livekit.SessionDescription{Sdp: "v=0\r\n" + strings.Repeat("a=ssrc:1 cname:a\r\n", n)}
		if got := s.onlyKinds(offer); got != want {
			t.Errorf("%d sources: %v", n, got)
		}
	}
}

// TestOfferOfTwoReadings: what cannot be read, or reads differently once it was written
// again, goes nowhere.
func TestOfferOfTwoReadings(t *testing.T) {
	const session = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	for name, text := range map[string]string{
		"nothing":                  "",
		"no offer":                 "hello",
		"a kind that there is not": session + "m=VIDEO 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\n",
		"no end":                   session + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly",
		"a direction to come":      session + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\rx\r\n",
		"a section to come":        session + "i=x\r\r\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\rx\r\n",
	} {
		s := &seat{}
		s.rights.Store(uint32(usersig.SendAudio))
		offer := &livekit.SessionDescription{Type: "offer", Sdp: text}
		if s.onlyKinds(offer) {
			t.Errorf("%s: it is made %q", name, offer.Sdp)
		}
	}
}

// read returns the kinds that the engine takes an offer to send.
func read(text string) map[string]bool {
	var offer sdp.SessionDescription
	if offer.UnmarshalString(text) != nil {
		return nil
	}
	kinds := map[string]bool{}
	for _, m := range offer.MediaDescriptions {
		_, receives := m.Attribute("recvonly")
		_, inactive := m.Attribute("inactive")
		first := ""
		for _, a := range m.Attributes {
			if first == "" && slices.Contains([]string{"sendrecv", "sendonly", "recvonly", "inactive"}, a.Key) {
				first = a.Key
			}
		}
		if !receives && !inactive || strings.HasPrefix(first, "send") {
			kinds[strings.ToLower(m.MediaName.Media)] = true
		}
	}
	return kinds
}

// FuzzOnlyKinds: whatever an offer is, the engine reads in what is left of it nothing that
// may not be sent.
func FuzzOnlyKinds(f *testing.F) {
	const session = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	for _, section := range []string{
		"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=sendonly\r\n", "m=video\t9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\r\n", "\rm=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
		"m=VIDEO 9 UDP/TLS/RTP/SAVPF 96\n\ra=sendrecv\n", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\r\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\ni=\r\r\na=sendrecv:\r\n",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=simulcast:send h;l\r\n",
	} {
		f.Add(session + section)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for kind, rights := range map[string]usersig.Privilege{"video": usersig.SendAudio, "audio": usersig.SendVideo} {
			s := &seat{}
			s.rights.Store(uint32(rights))
			offer := &livekit.SessionDescription{Sdp: text}
			if s.onlyKinds(offer) && read(offer.Sdp)[kind] {
				t.Errorf("%q is made %q, which sends %s", text, offer.Sdp, kind)
			}
		}
	})
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
