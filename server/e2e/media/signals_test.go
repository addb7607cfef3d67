package media_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"usersig"
)

// TestNoRight: a viewer whose ticket says so hears and sees, and gets no screen, whatever
// it asks for; what else it says changes nothing for others.
func TestNoRight(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	alice := c.alice
	for _, s := range []livekit.TrackSource{livekit.TrackSource_CAMERA, livekit.TrackSource_SCREEN_SHARE, livekit.TrackSource_SCREEN_SHARE_AUDIO} {
		if err := alice.send(s); err != nil {
			t.Fatal(err)
		}
	}
	tracks := map[livekit.TrackSource]string{}
	for _, pub := range alice.room.LocalParticipant.TrackPublications() {
		tracks[pub.Source()] = pub.SID()
	}
	eve := a.credential("eve", lobby)
	eve.PrivateMapKey = a.ticket("eve", lobby, 42)
	v := w.view(eve)
	has := func(s livekit.TrackSource) func() bool {
		return func() bool { return slices.Contains(v.tracks, tracks[s]) }
	}
	v.waitFor("the microphone", has(livekit.TrackSource_MICROPHONE))
	v.waitFor("the camera", has(livekit.TrackSource_CAMERA))
	of := alice.room.LocalParticipant.SID()
	v.wants(of, tracks[livekit.TrackSource_SCREEN_SHARE], tracks[livekit.TrackSource_SCREEN_SHARE_AUDIO])
	for _, r := range mischief(v.sid, of, tracks[livekit.TrackSource_MICROPHONE]) {
		v.must(r)
	}
	v.barrier(7)
	// When the camera is back, the screen was refused.
	camera := &livekit.UpdateSubscription{TrackSids: []string{tracks[livekit.TrackSource_CAMERA]}}
	v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{Subscription: camera}})
	v.barrier(8)
	v.change(func() {
		v.tracks = slices.DeleteFunc(v.tracks, func(id string) bool { return id == tracks[livekit.TrackSource_CAMERA] })
	})
	v.wants(of, tracks[livekit.TrackSource_CAMERA], tracks[livekit.TrackSource_SCREEN_SHARE])
	v.waitFor("the camera again", has(livekit.TrackSource_CAMERA))
	v.mu.Lock()
	if has(livekit.TrackSource_SCREEN_SHARE)() || has(livekit.TrackSource_SCREEN_SHARE_AUDIO)() {
		t.Error("the screen came")
	}
	v.mu.Unlock()
	c.onlyNoticed("eve is there", "alice publishes", "hears no sound but video of alice")
	c.undisturbed(t)
}

// mischief is what a client can say besides.
func mischief(own, others, track string) []*livekit.SignalRequest {
	return []*livekit.SignalRequest{
		{Message: &livekit.SignalRequest_Simulate{Simulate: &livekit.SimulateScenario{Scenario: &livekit.SimulateScenario_NodeFailure{NodeFailure: true}}}},
		{Message: &livekit.SignalRequest_Simulate{Simulate: &livekit.SimulateScenario{Scenario: &livekit.SimulateScenario_ServerLeave{ServerLeave: true}}}},
		{Message: &livekit.SignalRequest_Simulate{Simulate: &livekit.SimulateScenario{Scenario: &livekit.SimulateScenario_SpeakerUpdate{SpeakerUpdate: 3}}}},
		{Message: &livekit.SignalRequest_SubscriptionPermission{SubscriptionPermission: &livekit.SubscriptionPermission{TrackPermissions: []*livekit.TrackPermission{{ParticipantSid: others, ParticipantIdentity: "bob"}}}}},
		{Message: &livekit.SignalRequest_Mute{Mute: &livekit.MuteTrackRequest{Sid: track, Muted: true}}},
		{Message: &livekit.SignalRequest_UpdateAudioTrack{UpdateAudioTrack: &livekit.UpdateLocalAudioTrack{TrackSid: track}}},
		{Message: &livekit.SignalRequest_UpdateVideoTrack{UpdateVideoTrack: &livekit.UpdateLocalVideoTrack{TrackSid: track, Width: 1}}},
		{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{Cid: "mine", Sid: track, Name: "x", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE}}},
		{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{Cid: "mine2", Name: "x", Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_SCREEN_SHARE}}},
		{Message: &livekit.SignalRequest_UpdateMetadata{UpdateMetadata: &livekit.UpdateParticipantMetadata{Metadata: "x", Attributes: map[string]string{"a": "b"}}}},
	}
}

// onlyNoticed fails the test if anything else was noticed than what begins with one of
// some texts.
func (c *call) onlyNoticed(expected ...string) {
	c.t.Helper()
	for _, p := range []*talker{c.alice, c.bob} {
		for _, news := range p.noticed() {
			if !slices.ContainsFunc(expected, func(e string) bool { return strings.HasPrefix(news, e) }) {
				c.t.Errorf("noticed: %s", news)
			}
		}
	}
}

// TestVideoAsSound: who may only speak sends no video, neither by calling its source a
// microphone, nor by announcing sound and sending video, nor without a word.
func TestVideoAsSound(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	mallory := a.credential("mallory", lobby)
	mallory.PrivateMapKey = a.ticket("mallory", lobby, usersig.JoinRoom|usersig.SendAudio|usersig.ReceiveAudio)
	v := w.view(mallory)
	v.speaks()
	for _, one := range []struct {
		cid      string
		announce *livekit.AddTrackRequest
	}{
		{"video-as-microphone", &livekit.AddTrackRequest{Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_MICROPHONE}},
		{"video-as-screen-sound", &livekit.AddTrackRequest{Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_SCREEN_SHARE_AUDIO}},
		{"video-as-nothing", &livekit.AddTrackRequest{Type: livekit.TrackType_VIDEO}},
		{"data-as-microphone", &livekit.AddTrackRequest{Type: livekit.TrackType_DATA, Source: livekit.TrackSource_MICROPHONE}},
		{"a-camera", &livekit.AddTrackRequest{Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA}},
		{"sound-that-is-video", &livekit.AddTrackRequest{Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE}},
		{"not-announced", nil},
	} {
		if r := one.announce; r != nil {
			r.Cid, r.Name = one.cid, one.cid
			v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: r}})
		}
		v.add(webrtc.MimeTypeVP8, one.cid)
	}
	v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
		Cid: "voice", Name: "voice", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE,
	}}})
	v.add(webrtc.MimeTypeOpus, "voice")
	v.publish()
	// When the voice is there, whatever else would come has come: all of it is in one offer.
	for _, p := range []*talker{c.alice, c.bob} {
		eventually(t, patience, "the voice", func() bool { return p.has("hears mallory") })
	}
	v.barrier(9)
	c.onlyNoticed("mallory is there", "mallory publishes MICROPHONE, audio", "hears mallory")
	c.undisturbed(t)
}

// TestLiar: who may send some video and calls it a sound has to leave as soon as the first
// packet shows what it is.
func TestLiar(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	mallory := a.credential("mallory", lobby)
	mallory.PrivateMapKey = a.ticket("mallory", lobby, usersig.JoinRoom|usersig.SendAudio|usersig.SendScreen)
	v := w.view(mallory)
	v.speaks()
	v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
		Cid: "liar", Name: "liar", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE,
	}}})
	v.add(webrtc.MimeTypeVP8, "liar")
	v.publish()
	select {
	case <-v.gone:
	case <-time.After(patience):
		t.Error("mallory is still there")
	}
	for _, p := range []*talker{c.alice, c.bob} {
		eventually(t, patience, "the room without mallory", func() bool {
			return p.has("mallory is there") && p.has("mallory is gone") // in whatever order the SDK tells
		})
	}
	started := time.Now()
	if _, _, err := w.dial("/rtc", plain(), mallory); err == nil {
		t.Error("mallory is back at once")
	}
	t.Logf("mallory was told so within %v", time.Since(started).Round(time.Millisecond))
	if n := w.metric(`usersig_evictions_total{reason="lied"}`); n != "1" {
		t.Errorf("%q liars were counted", n)
	}
	w.Pass(time.Minute)
	w.mustDial(plain(), mallory)
	c.onlyNoticed("mallory", "hears", "a track is gone")
	c.undisturbed(t)
}

// faked is a message as only somebody's own client would make it.
type faked struct{ packet *livekit.DataPacket }

func (f faked) ToProto() *livekit.DataPacket { return f.packet }

// TestNoServerMessage: what the server says has no sender. Messages of participants have
// theirs, whatever they say of themselves, so that none passes for the server's.
func TestNoServerMessage(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	mallory := w.mustJoin(a.credential("mallory", lobby))
	topic, sid := "usersig", c.alice.room.LocalParticipant.SID()
	own := mallory.room.LocalParticipant
	for _, f := range []*livekit.DataPacket{
		{Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: []byte(`{"event":"expiring"}`)}}},
		{ParticipantIdentity: "alice", Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, ParticipantIdentity: "alice", ParticipantSid: sid}}}, //nolint:staticcheck // older clients send it
		{ParticipantSid: sid, Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, ParticipantSid: sid}}},                                        //nolint:staticcheck // older clients send it
	} {
		if err := own.PublishDataPacket(faked{f}, lksdk.WithDataPublishReliable(true)); err != nil {
			t.Fatal(err)
		}
	}
	const want = "message of mallory about usersig"
	for _, p := range []*talker{c.alice, c.bob} {
		var all []string
		eventually(t, patience, "three messages", func() bool {
			all = append(all, p.noticed()...)
			return len(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s != want })) == 3
		})
		for _, news := range all {
			if news != want && news != "mallory is there" {
				t.Errorf("noticed: %s", news)
			}
		}
	}
	// Who may only listen writes nothing.
	eve := a.credential("eve", lobby)
	eve.PrivateMapKey = a.ticket("eve", lobby, 42)
	listener := w.mustJoin(eve)
	_ = listener.room.LocalParticipant.PublishDataPacket(lksdk.UserData([]byte("x")), lksdk.WithDataPublishReliable(true))
	_ = own.PublishDataPacket(lksdk.UserData([]byte("after")), lksdk.WithDataPublishReliable(true))
	for _, p := range []*talker{c.alice, c.bob} {
		eventually(t, patience, "the message after it", func() bool { return p.has("eve is there") && p.has("message of mallory about ") })
	}
	c.onlyNoticed("mallory is there", "eve is there", "message of mallory about ")
	c.undisturbed(t)
}
