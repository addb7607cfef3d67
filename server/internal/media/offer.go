package media

import (
	"slices"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/sdp/v3"

	"usersig/server/internal/gate"
)

// mostSources is how often an offer may speak of a source of packets. Browsers do so up to
// ten times for a track. The engine compares all with all, which took more than a second
// for 25,000.
const mostSources = 2000

// onlyKinds makes an offer to send sound or video one to send nothing, if the user may
// send no track of that kind. LiveKit takes the word of the announcement for what a track
// is: video that was announced as a microphone would go through. It reports false if what
// the engine would read cannot be told.
func (s *seat) onlyKinds(offer *livekit.SessionDescription) bool {
	if strings.Count(strings.ToLower(offer.GetSdp()), "ssrc") > mostSources {
		return false
	}
	may := s.allowed()
	forbidden := forbiddenKinds{
		"audio": !may.MaySend(gate.Audio) && !may.MaySend(gate.ScreenAudio),
		"video": !may.MaySend(gate.Video) && !may.MaySend(gate.Screen),
	}
	if offer == nil || !forbidden["audio"] && !forbidden["video"] {
		return true
	}
	text, ok := forbidden.silence(offer.GetSdp())
	if ok {
		offer.Sdp = text
	}
	return ok
}

// forbiddenKinds are the kinds of media that a user may not send, by the names that media
// sections have. What is neither sound nor video is in none of them: data is for LiveKit
// to forbid, see permission.
type forbiddenKinds map[string]bool

// silence returns an offer that sends nothing of these kinds. It is read by the engine's
// own reader, which takes tabs for blanks and passes over stray line ends: whoever read it
// in another way could be shown another offer. What it makes is read once more, because
// that reader does not read all it writes as what it wrote.
func (f forbiddenKinds) silence(text string) (string, bool) {
	var offer, again sdp.SessionDescription
	if offer.UnmarshalString(text) != nil {
		return "", false
	}
	for _, m := range offer.MediaDescriptions {
		if f.forbids(m) {
			silence(m)
		}
	}
	out, err := offer.Marshal()
	if err != nil || again.UnmarshalString(string(out)) != nil {
		return "", false
	}
	loud := func(m *sdp.MediaDescription) bool { return f.forbids(m) && sends(m) }
	return string(out), !slices.ContainsFunc(again.MediaDescriptions, loud)
}

func (f forbiddenKinds) forbids(m *sdp.MediaDescription) bool {
	return f[strings.ToLower(m.MediaName.Media)] // as the engine does, in any case
}

// silence makes a media section one that sends nothing.
func silence(m *sdp.MediaDescription) {
	quiet := sdp.Attribute{Key: sdp.AttrKeyInactive}
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
		if a.Key == sdp.AttrKeySendRecv || a.Key == sdp.AttrKeyRecvOnly {
			quiet.Key = sdp.AttrKeyRecvOnly
		}
		return isDirection(a)
	})
	m.Attributes = append(m.Attributes, quiet)
}

// sends reports whether a section can be taken for one that sends. One that says nothing
// of a direction does, and so may one that says two things.
func sends(m *sdp.MediaDescription) bool {
	quiet := false
	for _, a := range m.Attributes {
		switch a.Key {
		case sdp.AttrKeySendRecv, sdp.AttrKeySendOnly:
			return true
		case sdp.AttrKeyRecvOnly, sdp.AttrKeyInactive:
			quiet = true
		}
	}
	return !quiet
}

func isDirection(a sdp.Attribute) bool {
	return slices.Contains([]string{sdp.AttrKeySendRecv, sdp.AttrKeySendOnly, sdp.AttrKeyRecvOnly, sdp.AttrKeyInactive}, a.Key)
}

// lies reports whether a track is not what it was announced as.
func lies(t *livekit.TrackInfo) bool {
	kind, _, _ := strings.Cut(strings.ToLower(t.GetMimeType()), "/")
	return kind != strings.ToLower(t.GetType().String())
}
