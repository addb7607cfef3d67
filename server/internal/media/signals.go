package media

import (
	"maps"
	"strconv"
	"sync"

	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// source passes on what a client asks for, without what it may not ask for.
type source struct {
	routing.MessageSource
	out  chan proto.Message
	done chan struct{}
	once sync.Once
}

// requests returns the requests that a client may make.
func (s *seat) requests(from routing.MessageSource) routing.MessageSource {
	f := &source{MessageSource: from, out: make(chan proto.Message), done: make(chan struct{})}
	go f.copy(s)
	return f
}

func (f *source) copy(s *seat) {
	defer close(f.out)
	for m := range f.MessageSource.ReadChan() {
		r, ok := m.(*livekit.SignalRequest)
		if !ok || !s.mayAsk(r) {
			continue
		}
		select {
		case f.out <- m:
		case <-f.done:
			return
		}
	}
}

// ReadChan implements LiveKit's MessageSource.
func (f *source) ReadChan() <-chan proto.Message { return f.out }

// Close implements LiveKit's MessageSource.
func (f *source) Close() {
	f.once.Do(func() { close(f.done) })
	f.MessageSource.Close()
}

// mayAsk reports whether a request may go on, and removes from it what may not.
func (s *seat) mayAsk(r *livekit.SignalRequest) bool {
	switch m := r.Message.(type) {
	case *livekit.SignalRequest_AddTrack:
		s.onlyHonest(m.AddTrack)
	case *livekit.SignalRequest_Offer:
		return s.onlyKinds(m.Offer)
	case *livekit.SignalRequest_Trickle:
		return s.candidates.Add(1) <= mostCandidates
	case *livekit.SignalRequest_Subscription:
		s.onlyAllowed(m.Subscription)
	case *livekit.SignalRequest_TrackSetting:
		m.TrackSetting.TrackSids = s.ofRoom(m.TrackSetting.GetTrackSids())
	case *livekit.SignalRequest_SyncState:
		s.onlySync(m.SyncState)
	case *livekit.SignalRequest_Simulate:
		return false // a tool of LiveKit's developers, to break connections
	case *livekit.SignalRequest_UpdateDataSubscription:
		return false // there are no data tracks, and LiveKit keeps in mind who wants one
	}
	return true
}

// mostCandidates is how many addresses a client may name in a session. LiveKit keeps all
// of them, and finds clients without them as well.
const mostCandidates = 1000

// onlyBeginning does to what comes with the request to enter what mayAsk does to the same
// when it comes later.
func (s *seat) onlyBeginning(pi *routing.ParticipantInit) {
	for _, r := range pi.AddTrackRequests {
		s.onlyHonest(r)
	}
	if !s.onlyKinds(pi.PublisherOffer) {
		pi.PublisherOffer = nil
	}
	s.onlySync(pi.SyncState)
}

// sink passes on what LiveKit answers a client, without what the client must not have.
type sink struct {
	routing.MessageSink
	seat *seat
}

func (s *seat) responses(to routing.MessageSink) routing.MessageSink { return &sink{to, s} }

// WriteMessage implements LiveKit's MessageSink.
func (k *sink) WriteMessage(m proto.Message) error {
	r, ok := m.(*livekit.SignalResponse)
	if !ok {
		return k.MessageSink.WriteMessage(m)
	}
	switch m := r.Message.(type) {
	case *livekit.SignalResponse_RefreshToken:
		return nil // none is ever made; if one were, it would outlive a revocation
	case *livekit.SignalResponse_Join:
		k.seat.id.Store(m.Join.GetParticipant().GetSid())
		// LiveKit would name servers of Google's.
		m.Join.IceServers = k.seat.engine.iceServers(k.seat)
		k.seat.tellAllowed(m.Join.GetParticipant())
	case *livekit.SignalResponse_Reconnect:
		m.Reconnect.IceServers = k.seat.engine.iceServers(k.seat)
	}
	return k.MessageSink.WriteMessage(m)
}

// tellAllowed tells a client, of itself, what it may do. LiveKit has no words for what it
// may receive, and without them the client would wait for what never comes. Later changes
// are told as they happen.
func (s *seat) tellAllowed(p *livekit.ParticipantInfo) {
	if p == nil {
		return
	}
	all := map[string]string{}
	maps.Copy(all, p.Attributes)
	all[topic+".allow"] = strconv.FormatUint(uint64(s.rights.Load()), 10)
	p.Attributes = all // this client's copy: nobody else sees it
}
