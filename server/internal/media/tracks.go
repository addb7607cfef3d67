package media

import (
	"context"
	"slices"
	"strings"

	"github.com/livekit/livekit-server/pkg/rtc"
	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/protocol/livekit"

	"usersig/server/internal/gate"
)

// sent are the sources that tracks can have, and what they are to the gate.
var sent = [...]struct {
	source livekit.TrackSource
	track  gate.Track
}{
	{livekit.TrackSource_MICROPHONE, gate.Audio},
	{livekit.TrackSource_CAMERA, gate.Video},
	{livekit.TrackSource_SCREEN_SHARE, gate.Screen},
	{livekit.TrackSource_SCREEN_SHARE_AUDIO, gate.ScreenAudio},
}

// sources lists in LiveKit's words what may be sent.
func sources(r gate.Rights) (all []string) {
	for _, t := range sent {
		if r.MaySend(t.track) {
			all = append(all, strings.ToLower(t.source.String()))
		}
	}
	return all
}

// trackOf says what a track is to the gate. It reports false if its kind and its source
// contradict each other: LiveKit looks at the source alone, so that a camera could be
// sent as a microphone.
func trackOf(kind livekit.TrackType, source livekit.TrackSource) (gate.Track, bool) {
	audio := kind == livekit.TrackType_AUDIO
	switch source {
	case livekit.TrackSource_MICROPHONE:
		return gate.Audio, audio
	case livekit.TrackSource_SCREEN_SHARE_AUDIO:
		return gate.ScreenAudio, audio
	case livekit.TrackSource_CAMERA:
		return gate.Video, kind == livekit.TrackType_VIDEO
	case livekit.TrackSource_SCREEN_SHARE:
		return gate.Screen, kind == livekit.TrackType_VIDEO
	case livekit.TrackSource_UNKNOWN:
	}
	if audio {
		return gate.Audio, true
	}
	return gate.UnknownVideo, kind == livekit.TrackType_VIDEO
}

// onlyHonest makes a wish to send a track that may not be sent one that LiveKit refuses,
// in its own words: a source that is not known is in nobody's list.
func (s *seat) onlyHonest(r *livekit.AddTrackRequest) {
	if t, ok := trackOf(r.GetType(), r.GetSource()); !ok || !s.allowed().MaySend(t) || !s.announce(r) {
		r.Source = livekit.TrackSource_UNKNOWN
	}
}

// mostTracks is how many tracks a user may have in a room, with those they announced and
// of which nothing has come: LiveKit keeps these until the session ends.
const mostTracks = 32

// announce counts a track that is announced. It reports false if there are too many.
func (s *seat) announce(r *livekit.AddTrackRequest) bool {
	if r.GetSid() != "" {
		return true // one more codec of a track that is there
	}
	there := 0
	if _, party := s.at(); party != nil {
		there = len(party.GetPublishedTracks())
	}
	if there+int(s.announced.Add(1)) > mostTracks {
		s.announced.Add(-1)
		return false
	}
	return true
}

// came takes note of a track of which something has come.
func (s *seat) came() {
	if s.announced.Add(-1) < 0 {
		s.announced.Add(1) // it was announced before this session
	}
}

// mayReceive reports whether a track of the room may be received.
func (s *seat) mayReceive(t types.MediaTrack) bool {
	kind, ok := trackOf(t.Kind(), t.Source())
	return ok && s.allowed().MayReceive(kind)
}

// others returns the tracks of all others in the room, by whether they may be received.
func (s *seat) others(room *rtc.Room) (may, mayNot []livekit.TrackID) {
	for _, p := range room.GetParticipants() {
		if string(p.Identity()) == s.user {
			continue
		}
		for _, t := range p.GetPublishedTracks() {
			if s.mayReceive(t) {
				may = append(may, t.ID())
			} else {
				mayNot = append(mayNot, t.ID())
			}
		}
	}
	return may, mayNot
}

// subscribeExisting subscribes a user whose rights are narrow to what there is and they
// may receive.
func (s *seat) subscribeExisting() {
	room, party := s.at()
	if may, _ := s.others(room); s.auto && len(may) > 0 {
		room.UpdateSubscriptions(party, may, nil, true)
	}
}

// unsubscribeForbidden takes from a user what they may not receive any more.
func (s *seat) unsubscribeForbidden() {
	room, party := s.at()
	if _, mayNot := s.others(room); len(mayNot) > 0 {
		room.UpdateSubscriptions(party, mayNot, nil, false)
	}
}

// published subscribes the users of a room whose rights are narrow to a new track, if
// they may receive it.
func (e *Engine) published(room livekit.RoomName, by string, track *livekit.TrackInfo) {
	kind, ok := trackOf(track.GetType(), track.GetSource())
	sender := e.seatAt(room, by)
	if sender != nil {
		sender.came()
	}
	if ok && lies(track) {
		if sender != nil {
			e.log.Warn("the user sent what is not what they said it was, and leaves", "room", room, "user", by, "said", kind, "sent", track.GetMimeType())
			e.expel(sender)
		}
		return
	}
	for _, s := range e.narrowIn(room) {
		at, party := s.at()
		if ok && s.user != by && s.auto && s.allowed().MayReceive(kind) {
			at.UpdateSubscriptions(party, []livekit.TrackID{livekit.TrackID(track.GetSid())}, nil, true)
		}
	}
}

func (e *Engine) narrowIn(room livekit.RoomName) (all []*seat) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.seats {
		if s.name == room && s.narrow.Load() {
			all = append(all, s)
		}
	}
	return all
}

// onlyAllowed removes from a wish to subscribe what the user may not receive, and what is
// no track of the room. LiveKit would keep in mind that it is wanted, should it ever come:
// an ID that somebody made up would be 2 kB of the room's until it ends.
func (s *seat) onlyAllowed(u *livekit.UpdateSubscription) {
	if u == nil || !u.Subscribe {
		return
	}
	all := u.TrackSids
	for _, p := range u.ParticipantTracks {
		all = append(all, p.GetTrackSids()...)
	}
	u.TrackSids, u.ParticipantTracks = s.ofRoom(all), nil
}

// onlySync is onlyAllowed for a client that comes back.
func (s *seat) onlySync(y *livekit.SyncState) {
	if y != nil {
		s.onlyAllowed(y.Subscription)
		y.TrackSidsDisabled = s.ofRoom(y.TrackSidsDisabled)
	}
}

// ofRoom returns those of some IDs that are of tracks which the user may receive.
func (s *seat) ofRoom(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	room, _ := s.at()
	if room == nil { // the client is faster than we are
		if room = s.engine.lk.rooms.GetRoom(context.Background(), s.name); room == nil {
			return nil
		}
	}
	may, _ := s.others(room)
	there := make(map[string]bool, len(may))
	for _, id := range may {
		there[string(id)] = true
	}
	return slices.DeleteFunc(ids, func(id string) bool { return !there[id] })
}
