package media

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"usersig"
)

func request(m any) *livekit.SignalRequest {
	r := &livekit.SignalRequest{}
	switch m := m.(type) {
	case *livekit.AddTrackRequest:
		r.Message = &livekit.SignalRequest_AddTrack{AddTrack: m}
	case *livekit.UpdateSubscription:
		r.Message = &livekit.SignalRequest_Subscription{Subscription: m}
	case *livekit.SyncState:
		r.Message = &livekit.SignalRequest_SyncState{SyncState: m}
	case *livekit.SessionDescription:
		r.Message = &livekit.SignalRequest_Offer{Offer: m}
	case *livekit.TrickleRequest:
		r.Message = &livekit.SignalRequest_Trickle{Trickle: m}
	case *livekit.SubscriptionPermission:
		r.Message = &livekit.SignalRequest_SubscriptionPermission{SubscriptionPermission: m}
	case *livekit.StoreDataBlobRequest:
		r.Message = &livekit.SignalRequest_StoreDataBlobRequest{StoreDataBlobRequest: m}
	case *livekit.UpdateParticipantMetadata:
		r.Message = &livekit.SignalRequest_UpdateMetadata{UpdateMetadata: m}
	}
	return r
}

// TestFits: what clients send is within bounds, and nothing that would be many structures
// or a long text, wherever in a message it is.
func TestFits(t *testing.T) {
	layers := func(n int) []*livekit.VideoLayer { return slices.Repeat([]*livekit.VideoLayer{{}}, n) }
	texts := func(n int) []string { return slices.Repeat([]string{"TR_VCabcdefghijkl"}, n) }
	long, sdp := strings.Repeat("x", 300), strings.Repeat("x", 300<<10)
	var codecs []*livekit.SimulcastCodec
	for range 8 {
		codecs = append(codecs, &livekit.SimulcastCodec{Codec: "vp8", Cid: "x", Layers: layers(8)})
	}
	nested := &livekit.SyncState{Subscription: &livekit.UpdateSubscription{}}
	for range 50 {
		nested.Subscription.ParticipantTracks = append(nested.Subscription.ParticipantTracks, &livekit.ParticipantTracks{TrackSids: texts(50)})
	}
	for name, one := range map[string]struct {
		message any
		want    bool
	}{
		"a track":               {&livekit.AddTrackRequest{Cid: "x", Name: "x", Layers: layers(8), SimulcastCodecs: codecs}, true},
		"layers":                {&livekit.AddTrackRequest{Layers: layers(9)}, false},
		"layers of a codec":     {&livekit.AddTrackRequest{SimulcastCodecs: []*livekit.SimulcastCodec{{Layers: layers(9)}}}, false},
		"codecs":                {&livekit.AddTrackRequest{SimulcastCodecs: append(codecs, codecs[0])}, false},
		"features":              {&livekit.AddTrackRequest{AudioFeatures: make([]livekit.AudioTrackFeature, 17)}, false},
		"a name":                {&livekit.AddTrackRequest{Name: long}, false},
		"a stream":              {&livekit.AddTrackRequest{Stream: long}, false},
		"the ID of a codec":     {&livekit.AddTrackRequest{SimulcastCodecs: []*livekit.SimulcastCodec{{Cid: long}}}, false},
		"2,000 tracks":          {&livekit.UpdateSubscription{TrackSids: texts(2000)}, true},
		"2,001 tracks":          {&livekit.UpdateSubscription{TrackSids: texts(2001)}, false},
		"tracks of users":       {nested, false},
		"an offer":              {&livekit.SessionDescription{Sdp: sdp}, true},
		"IDs in an offer":       {&livekit.SessionDescription{MidToTrackId: map[string]string{"0": long}}, false},
		"a type of an offer":    {&livekit.SessionDescription{Type: long}, false},
		"a candidate":           {&livekit.TrickleRequest{CandidateInit: strings.Repeat("x", 1024)}, true},
		"a long candidate":      {&livekit.TrickleRequest{CandidateInit: strings.Repeat("x", 1025)}, false},
		"permissions":           {&livekit.SubscriptionPermission{TrackPermissions: slices.Repeat([]*livekit.TrackPermission{{}}, 2001)}, false},
		"a blob":                {&livekit.StoreDataBlobRequest{Blob: &livekit.DataBlob{Contents: make([]byte, 300)}}, false},
		"metadata":              {&livekit.UpdateParticipantMetadata{Metadata: strings.Repeat("x", 4096), Attributes: map[string]string{"a": "b"}}, true},
		"too much metadata":     {&livekit.UpdateParticipantMetadata{Metadata: strings.Repeat("x", 4097)}, false},
		"the name of attribute": {&livekit.UpdateParticipantMetadata{Attributes: map[string]string{long: "b"}}, false},
	} {
		if got := fits(request(one.message).ProtoReflect()); got != one.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestUnknownFieldsGo: what this version does not know is copied with the rest of a layer,
// once for every codec.
func TestUnknownFieldsGo(t *testing.T) {
	layer := &livekit.VideoLayer{Width: 1}
	layer.ProtoReflect().SetUnknown(append([]byte{0xfa, 0xff, 0x07, 0x64}, bytes.Repeat([]byte{'x'}, 100)...))
	r := request(&livekit.AddTrackRequest{Layers: []*livekit.VideoLayer{layer}})
	if !fits(r.ProtoReflect()) || proto.Size(r) > 20 {
		t.Errorf("%d bytes are left of %v", proto.Size(r), r)
	}
}

// TestMostTracks: a track that was announced is kept until the session ends, so no more can
// be than anybody needs, and one that comes makes room.
func TestMostTracks(t *testing.T) {
	s := &seat{}
	s.rights.Store(uint32(usersig.AllPrivileges))
	announce := func(sid string) bool {
		r := &livekit.AddTrackRequest{Sid: sid, Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE}
		s.onlyHonest(r)
		return r.Source == livekit.TrackSource_MICROPHONE
	}
	for i := range mostTracks {
		if !announce("") {
			t.Fatalf("track %d is refused", i)
		}
	}
	for range 2 { // being refused makes no room
		if announce("") {
			t.Error("there is no bound")
		}
	}
	if !announce("TR_x") {
		t.Error("another codec of a track counts")
	}
	s.came()
	if first, second := announce(""), announce(""); !first || second {
		t.Error("a track that came makes room for one")
	}
	for range 2 * mostTracks {
		s.came()
	}
	if n := s.announced.Load(); n != 0 {
		t.Errorf("%d tracks are left", n)
	}
}

// TestMostCandidates: addresses that a client names are kept too.
func TestMostCandidates(t *testing.T) {
	s := &seat{}
	for i := range mostCandidates + 10 {
		if got := s.mayAsk(request(&livekit.TrickleRequest{CandidateInit: "{}"})); got != (i < mostCandidates) {
			t.Fatalf("candidate %d: %v", i, got)
		}
	}
}
