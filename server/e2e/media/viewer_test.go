package media_test

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"usersig/server/internal/gate"
)

// viewer is a client of somebody's own that receives what it can get.
type viewer struct {
	*wire
	sid string
	pc  *webrtc.PeerConnection // by which it receives
	own *webrtc.PeerConnection // by which it sends; may be nil

	gone chan struct{} // closed when the server has closed the connection

	mu      sync.Mutex
	tracks  []string // what came, by ID
	replies map[uint32]livekit.RequestResponse_Reason
	changed chan struct{} // closed and made anew when any of it changes
}

// view enters a room as a viewer.
func (w *world) view(c gate.Credential) *viewer {
	w.T.Helper()
	x, join := w.mustDial(plain(), c)
	return w.viewer(x, join.GetParticipant().GetSid())
}

func (w *world) viewer(x *wire, sid string) *viewer {
	w.T.Helper()
	v := &viewer{wire: x, sid: sid, gone: make(chan struct{}), replies: map[uint32]livekit.RequestResponse_Reason{}, changed: make(chan struct{})}
	var err error
	if v.pc, err = webrtc.NewPeerConnection(webrtc.Configuration{}); err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(func() { _ = v.pc.Close() })
	v.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if _, _, err := track.ReadRTP(); err == nil {
			v.change(func() { v.tracks = append(v.tracks, track.ID()) })
		}
	})
	v.pc.OnICECandidate(v.trickle(livekit.SignalTarget_SUBSCRIBER))
	go func() {
		defer close(v.gone)
		for {
			r, err := v.next()
			if err != nil || v.handle(r) != nil {
				return
			}
		}
	}()
	return v
}

// trickle returns what tells the server where the client can be reached.
func (v *viewer) trickle(to livekit.SignalTarget) func(*webrtc.ICECandidate) {
	return func(c *webrtc.ICECandidate) {
		if c == nil {
			return
		}
		text, _ := json.Marshal(c.ToJSON()) // plain values
		_ = v.tell(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{Trickle: &livekit.TrickleRequest{CandidateInit: string(text), Target: to}}})
	}
}

func (v *viewer) change(how func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	how()
	close(v.changed)
	v.changed = make(chan struct{})
}

// tell is say for other goroutines than the test's.
func (v *viewer) tell(r *livekit.SignalRequest) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.write(r)
}

func (v *viewer) handle(r *livekit.SignalResponse) error {
	switch m := r.Message.(type) {
	case *livekit.SignalResponse_Offer:
		return v.answer(m.Offer)
	case *livekit.SignalResponse_Trickle:
		var c webrtc.ICECandidateInit
		if err := json.Unmarshal([]byte(m.Trickle.GetCandidateInit()), &c); err != nil {
			return err
		}
		if m.Trickle.GetTarget() == livekit.SignalTarget_PUBLISHER {
			return v.own.AddICECandidate(c)
		}
		return v.pc.AddICECandidate(c)
	case *livekit.SignalResponse_Answer:
		return v.own.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: m.Answer.GetSdp()})
	case *livekit.SignalResponse_RequestResponse:
		v.change(func() { v.replies[m.RequestResponse.GetRequestId()] = m.RequestResponse.GetReason() })
	}
	return nil
}

func (v *viewer) answer(offer *livekit.SessionDescription) error {
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.GetSdp()}); err != nil {
		return err
	}
	answer, err := v.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := v.pc.SetLocalDescription(answer); err != nil {
		return err
	}
	return v.tell(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{Type: "answer", Sdp: answer.SDP, Id: offer.GetId()}}})
}

// waitFor waits until something is so.
func (v *viewer) waitFor(what string, is func() bool) {
	v.t.Helper()
	deadline := time.After(patience)
	for {
		v.mu.Lock()
		yes, changed := is(), v.changed
		v.mu.Unlock()
		if yes {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			v.t.Fatalf("%s: not in time", what)
		}
	}
}

// wants asks for tracks, in every way there is.
func (v *viewer) wants(of string, tracks ...string) {
	v.t.Helper()
	for _, u := range []*livekit.UpdateSubscription{
		{TrackSids: tracks, Subscribe: true},
		{ParticipantTracks: []*livekit.ParticipantTracks{{ParticipantSid: of, TrackSids: tracks}}, Subscribe: true},
	} {
		v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{Subscription: u}})
		v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_SyncState{SyncState: &livekit.SyncState{Subscription: u}}})
	}
	for _, sid := range tracks {
		v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_TrackSetting{TrackSetting: &livekit.UpdateTrackSettings{TrackSids: []string{sid}, Quality: livekit.VideoQuality_HIGH, Width: 1280, Height: 720}}})
	}
}

func (v *viewer) must(r *livekit.SignalRequest) {
	v.t.Helper()
	if err := v.tell(r); err != nil {
		v.t.Fatal(err)
	}
}

// barrier makes a request that is answered, and waits for the answer: those before it were
// handled then. Nobody may change their own metadata here.
func (v *viewer) barrier(id uint32) {
	v.t.Helper()
	v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_UpdateMetadata{UpdateMetadata: &livekit.UpdateParticipantMetadata{Name: "admin", Metadata: "admin", RequestId: id}}})
	v.waitFor("an answer", func() bool { _, ok := v.replies[id]; return ok })
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.replies[id] != livekit.RequestResponse_NOT_ALLOWED {
		v.t.Errorf("changing metadata: %v", v.replies[id])
	}
}

// speaks makes a viewer one that can send too.
func (v *viewer) speaks() {
	v.t.Helper()
	var err error
	if v.own, err = webrtc.NewPeerConnection(webrtc.Configuration{}); err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = v.own.Close() })
	v.own.OnICECandidate(v.trickle(livekit.SignalTarget_PUBLISHER))
}

// publish sends what was added to v.own, whether the server wants it or not.
func (v *viewer) publish() {
	v.t.Helper()
	v.publishAs(func(s string) string { return s })
}

// publishAs is publish with what the server is told changed.
func (v *viewer) publishAs(how func(string) string) {
	v.t.Helper()
	offer, err := v.own.CreateOffer(nil)
	if err == nil {
		err = v.own.SetLocalDescription(offer)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	v.must(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: how(offer.SDP)}}})
}

// add adds a track to what is sent, and sends packets until the test ends.
func (v *viewer) add(mime, cid string) {
	v.t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, cid, cid)
	if err == nil {
		_, err = v.own.AddTrack(track)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-v.t.Context().Done():
				return
			case <-tick.C:
				_ = track.WriteSample(media.Sample{Data: []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00}, Duration: 20 * time.Millisecond})
			}
		}
	}()
}
