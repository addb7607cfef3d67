package media

import (
	"strings"

	"github.com/livekit/protocol/livekit"

	"usersig/server/internal/gate"
)

// onlyKinds makes an offer to send sound or video one to send nothing, if the user may
// send no track of that kind. LiveKit takes the word of the announcement for what a track
// is: video that was announced as a microphone would go through.
func (s *seat) onlyKinds(offer *livekit.SessionDescription) {
	may := s.allowed()
	forbidden := map[string]bool{
		"audio": !may.MaySend(gate.Audio) && !may.MaySend(gate.ScreenAudio),
		"video": !may.MaySend(gate.Video) && !may.MaySend(gate.Screen),
	}
	if offer == nil || !forbidden["audio"] && !forbidden["video"] {
		return
	}
	// Up to the first "m=" it is about the whole session (RFC 8866, section 5).
	parts := strings.SplitAfter(offer.GetSdp(), "\nm=")
	for i := 1; i < len(parts); i++ {
		if kind, _, _ := strings.Cut(parts[i], " "); forbidden[kind] {
			parts[i] = silent(parts[i])
		}
	}
	offer.Sdp = strings.Join(parts, "")
}

// silent returns a media section that sends nothing. A section that says nothing of a
// direction does send.
func silent(section string) string {
	section, more := strings.CutSuffix(section, "\nm=")
	var lines []string
	receives := false
	for line := range strings.SplitSeq(strings.TrimRight(section, "\r\n"), "\n") {
		switch strings.TrimRight(line, "\r") {
		case "a=sendrecv", "a=recvonly":
			receives = true
		case "a=sendonly", "a=inactive":
		default:
			lines = append(lines, strings.TrimRight(line, "\r"))
		}
	}
	direction := "a=inactive"
	if receives {
		direction = "a=recvonly"
	}
	text := strings.Join(append(lines, direction), "\r\n") + "\r\n"
	if more {
		text += "m="
	}
	return text
}

// lies reports whether a track is not what it was announced as.
func lies(t *livekit.TrackInfo) bool {
	kind, _, _ := strings.Cut(strings.ToLower(t.GetMimeType()), "/")
	return kind != strings.ToLower(t.GetType().String())
}
