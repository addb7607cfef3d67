package media

import (
	"testing"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"usersig"
	"usersig/server/internal/gate"
)

// TestTrackOf: a track that says two things of itself is none. LiveKit would look at the
// source alone and let video through as a microphone.
func TestTrackOf(t *testing.T) {
	for kind := range livekit.TrackType_name {
		for source := range livekit.TrackSource_name {
			k, s := livekit.TrackType(kind), livekit.TrackSource(source)
			audio := s == livekit.TrackSource_MICROPHONE || s == livekit.TrackSource_SCREEN_SHARE_AUDIO
			video := s == livekit.TrackSource_CAMERA || s == livekit.TrackSource_SCREEN_SHARE
			want := k == livekit.TrackType_AUDIO && !video || k == livekit.TrackType_VIDEO && !audio
			if _, ok := trackOf(k, s); ok != want {
				t.Errorf("%v of %v: %v", k, s, ok)
			}
		}
	}
}

// TestNothingUnset: LiveKit takes an unset permission for a yes and an empty list of
// sources for all of them. For every one of the 256 grants, what LiveKit understands is
// not wider than the grant.
func TestNothingUnset(t *testing.T) {
	for bits := range usersig.AllPrivileges + 1 {
		r := gate.Rights(bits)
		v := videoGrant(r, "room")
		if v.CanPublish == nil || v.CanSubscribe == nil || v.CanPublishData == nil || v.CanUpdateOwnMetadata == nil || v.CanSubscribeMetrics == nil || v.CanManageAgentSession == nil {
			t.Fatalf("%d: something is not set", bits)
		}
		for _, one := range sent {
			if v.GetCanPublishSource(one.source) && !r.MaySend(one.track) {
				t.Errorf("%d: LiveKit lets %v be sent", bits, one.source)
			}
			if !v.GetCanPublishSource(one.source) && r.MaySend(one.track) {
				t.Errorf("%d: LiveKit does not let %v be sent", bits, one.source)
			}
		}
		if !r.MaySendAny() && (v.GetCanPublish() || v.GetCanPublishData()) {
			t.Errorf("%d: LiveKit lets something be sent", bits)
		}
		if v.GetCanSubscribe() != r.MayReceiveAny() {
			t.Errorf("%d: LiveKit lets receive: %v", bits, v.GetCanSubscribe())
		}
		// The same for those whose rights change in the room.
		in := new(auth.VideoGrant)
		in.UpdateFromPermission(permission(r))
		for _, one := range sent {
			if in.GetCanPublish() && in.GetCanPublishSource(one.source) != r.MaySend(one.track) {
				t.Errorf("%d, changed: LiveKit lets %v be sent: %v", bits, one.source, !r.MaySend(one.track))
			}
		}
		if in.GetCanPublish() != r.MaySendAny() || in.GetCanSubscribe() != r.MayReceiveAny() {
			t.Errorf("%d, changed: send %v, receive %v", bits, in.GetCanPublish(), in.GetCanSubscribe())
		}
	}
}
