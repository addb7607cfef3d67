package media_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"usersig"
)

// mostKept is how much more may be in use after a client said what is in these tests. What
// it was before they were bounded is said with each.
const mostKept = 20 << 20

// live is what is in use after everything else was collected.
func live() int64 {
	var m runtime.MemStats
	for range 3 { // what has a finalizer goes one round later
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// keeps fails the test if what is done is still in use afterwards.
func keeps(t *testing.T, what string, do func()) {
	t.Helper()
	before := live()
	do()
	more := live() - before
	t.Logf("%s: %d kB more in use", what, more>>10)
	if more > mostKept {
		t.Errorf("%s: %d MB more in use", what, more>>20)
	}
}

// TestManyLayers: a message of 240 kB whose layers take two bytes each, of which LiveKit
// makes a structure each, and once more for every codec, is not kept until the session
// ends. It was 160 MB for each message.
func TestManyLayers(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	x, _ := w.mustDial(plain(), a.credential("mallory", usersig.Room{ID: 7}))
	var codecs []*livekit.SimulcastCodec
	for _, m := range []string{"vp8", "h264", "vp9", "av1", "h265"} {
		codecs = append(codecs, &livekit.SimulcastCodec{Codec: m, Cid: m})
	}
	layers := slices.Repeat([]*livekit.VideoLayer{{}}, 120_000)
	keeps(t, "a track of many layers", func() {
		for i := range 6 {
			x.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
				Cid: fmt.Sprint("c", i), Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA, Layers: layers, SimulcastCodecs: codecs,
			}}})
			x.handled()
		}
	})
	runtime.KeepAlive(layers)
	c.undisturbed(t)
}

// TestManyTracks: who announces one track after the other is told no from some point on.
func TestManyTracks(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	x, _ := w.mustDial(plain(), a.credential("mallory", lobby))
	const asked, most = 60, 32
	for i := range asked {
		x.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
			Cid: fmt.Sprint("c", i), Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE,
		}}})
	}
	yes, no := 0, 0
	x.until("an answer to each", func(r *livekit.SignalResponse) bool {
		if r.GetTrackPublished() != nil {
			yes++
		}
		if r.GetRequestResponse().GetReason() == livekit.RequestResponse_NOT_ALLOWED {
			no++
		}
		return yes+no == asked
	})
	if yes != most {
		t.Errorf("%d of %d tracks were let through, not %d", yes, asked, most)
	}
}

// TestSmallJoinRequest: a URL of 1.5 kB that becomes 1 MB of layers, and 436 MB that stayed,
// is refused, and a compressed request as an SDK makes it is not.
func TestSmallJoinRequest(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	zipped := func(j *livekit.JoinRequest) url.Values {
		var z bytes.Buffer
		zw := gzip.NewWriter(&z)
		if _, err := zw.Write(marshal(t, j)); err != nil {
			t.Fatal(err)
		}
		if err := zw.Close(); err != nil {
			t.Fatal(err)
		}
		outer := marshal(t, &livekit.WrappedJoinRequest{Compression: livekit.WrappedJoinRequest_GZIP, JoinRequest: z.Bytes()})
		return url.Values{"join_request": {base64.URLEncoding.EncodeToString(outer)}}
	}
	bomb := zipped(&livekit.JoinRequest{AddTrackRequests: []*livekit.AddTrackRequest{{
		Cid: "c", Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA, Layers: slices.Repeat([]*livekit.VideoLayer{{}}, 520_000),
		SimulcastCodecs: []*livekit.SimulcastCodec{{Codec: "vp8"}, {Codec: "h264"}, {Codec: "vp9"}},
	}}})
	mallory := a.credential("mallory", usersig.Room{ID: 7})
	keeps(t, "a small join request", func() {
		for _, path := range []string{"/rtc", "/rtc/v1"} {
			if _, resp, err := w.dial(path, bomb, mallory); err == nil || resp == nil || resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %v %v", path, resp, err)
			}
		}
	})
	x, _, err := w.dial("/rtc/v1", zipped(&livekit.JoinRequest{ClientInfo: &livekit.ClientInfo{Protocol: 16}}), mallory)
	if err != nil {
		t.Fatal(err)
	}
	if x.read().GetJoin() == nil {
		t.Error("the server does not begin with a greeting")
	}
	c.undisturbed(t)
}

// TestUnknownTracks: that somebody wants tracks which nobody has, or has settings for them,
// is not kept in mind: 2 kB for each of 60,000 IDs in a message, until the room ended.
func TestUnknownTracks(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	c := w.talk(a, lobby)
	x, _ := w.mustDial(plain(), a.credential("mallory", lobby))
	made := 0
	ids := func(n int) (all []string) {
		for range n {
			all = append(all, fmt.Sprintf("%x", made))
			made++
		}
		return all
	}
	keeps(t, "tracks that nobody has", func() {
		for _, n := range []int{60_000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000} {
			for _, r := range []*livekit.SignalRequest{
				{Message: &livekit.SignalRequest_Subscription{Subscription: &livekit.UpdateSubscription{TrackSids: ids(n), Subscribe: true}}},
				{Message: &livekit.SignalRequest_Subscription{Subscription: &livekit.UpdateSubscription{ParticipantTracks: []*livekit.ParticipantTracks{{TrackSids: ids(min(n, 1999))}}, Subscribe: true}}},
				{Message: &livekit.SignalRequest_TrackSetting{TrackSetting: &livekit.UpdateTrackSettings{TrackSids: ids(min(n, 2000))}}},
				{Message: &livekit.SignalRequest_SyncState{SyncState: &livekit.SyncState{TrackSidsDisabled: ids(min(n, 2000))}}},
				{Message: &livekit.SignalRequest_SyncState{SyncState: &livekit.SyncState{Subscription: &livekit.UpdateSubscription{TrackSids: ids(min(n, 2000)), Subscribe: true}}}},
			} {
				x.say(r)
			}
		}
		x.handled()
	})
	c.onlyNoticed("mallory is there")
	c.undisturbed(t)
}

// TestOfferOfAnotherReading: who may only speak sends no video by an offer that the engine
// reads in another way than others would: tabs for blanks, line ends that it passes over.
// Nobody hears that there is a track.
func TestOfferOfAnotherReading(t *testing.T) {
	for name, mangle := range map[string]func(string) string{
		"a tab after the kind":            func(s string) string { return strings.ReplaceAll(s, "m=video ", "m=video\t") },
		"a line end before the section":   func(s string) string { return strings.ReplaceAll(s, "\r\nm=video ", "\r\n\rm=video ") },
		"a line end before the direction": func(s string) string { return strings.ReplaceAll(s, "\r\na=sendrecv", "\r\n\ra=sendrecv") },
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, nil)
			a := w.app(nil)
			c := w.talk(a, lobby)
			mallory := a.credential("mallory", lobby)
			mallory.PrivateMapKey = a.ticket("mallory", lobby, usersig.JoinRoom|usersig.SendAudio|usersig.ReceiveAudio)
			v := w.view(mallory)
			v.speaks()
			for _, cid := range []string{"liar", "voice"} {
				v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
					Cid: cid, Name: cid, Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE,
				}}})
			}
			v.add(webrtc.MimeTypeVP8, "liar")
			v.add(webrtc.MimeTypeOpus, "voice")
			v.publishAs(mangle)
			for _, p := range []*talker{c.alice, c.bob} {
				eventually(t, patience, "the voice", func() bool { return p.has("hears mallory") })
			}
			v.barrier(9)
			c.onlyNoticed("mallory is there", "mallory publishes MICROPHONE, audio", "hears mallory")
			c.undisturbed(t)
		})
	}
}

// handled waits until the room has handled all that was said before: nobody may change their
// own metadata, and that is answered there.
func (x *wire) handled() {
	x.t.Helper()
	const id = 42
	x.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_UpdateMetadata{UpdateMetadata: &livekit.UpdateParticipantMetadata{Name: "x", RequestId: id}}})
	x.until("an answer", func(r *livekit.SignalResponse) bool { return r.GetRequestResponse().GetRequestId() == id })
}

// metric returns what a metric is, or nothing if there is none.
func (w *world) metric(name string) string {
	w.T.Helper()
	r, err := http.NewRequestWithContext(w.T.Context(), http.MethodGet, w.Base+"/metrics", nil)
	if err != nil {
		w.T.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		w.T.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		w.T.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
