package media

import (
	"context"
	"log/slog"

	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// What one message of a client may have in it. What is two bytes on the wire becomes a
// structure, which LiveKit copies and keeps: 240 kB of empty layers would be 200 MB until
// the session ends.
const (
	mostText  = 256  // bytes of a text
	mostItems = 2000 // elements of all lists in a message together
)

// mostOf are other bounds of single fields: bytes of a text, elements of a list.
var mostOf = map[protoreflect.FullName]int{
	"livekit.SessionDescription.sdp":                  mostMessage,
	"livekit.TrickleRequest.candidateInit":            1 << 10,
	"livekit.UpdateParticipantMetadata.metadata":      4 << 10, // to be refused with an answer
	"livekit.JoinRequest.metadata":                    4 << 10,
	"livekit.JoinRequest.add_track_requests":          mostTracks,
	"livekit.AddTrackRequest.layers":                  8,
	"livekit.AddTrackRequest.simulcast_codecs":        8,
	"livekit.SimulcastCodec.layers":                   8,
	"livekit.AddTrackRequest.audio_features":          16,
	"livekit.AddTrackRequest.packet_trailer_features": 16,
}

// doorRouter lets only messages within bounds go from a client to the room, on whatever
// node that is. They are dropped here, where they were read: the way there keeps them too.
type doorRouter struct {
	routing.MessageRouter
	log *slog.Logger
}

// StartParticipantSignal implements [routing.MessageRouter].
func (d doorRouter) StartParticipantSignal(ctx context.Context, room livekit.RoomName, pi routing.ParticipantInit) (routing.StartParticipantSignalResults, error) {
	all, err := d.MessageRouter.StartParticipantSignal(ctx, room, pi)
	if err == nil {
		all.RequestSink = doorSink{all.RequestSink, d.log.With("room", room, "user", pi.Identity)}
	}
	return all, err
}

type doorSink struct {
	routing.MessageSink
	log *slog.Logger
}

// WriteMessage implements [routing.MessageSink].
func (d doorSink) WriteMessage(m proto.Message) error {
	if !fits(m.ProtoReflect()) {
		d.log.Debug("a client says more than fits")
		return nil
	}
	return d.MessageSink.WriteMessage(m)
}

// fits reports whether a message is within bounds. It removes from it what this version
// does not know, which would be copied along.
func fits(m protoreflect.Message) bool {
	left := mostItems
	return messageFits(m, &left)
}

func messageFits(m protoreflect.Message, left *int) bool {
	m.SetUnknown(nil)
	ok := true
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			ok = mapFits(f, v.Map(), left)
		case f.IsList():
			ok = listFits(f, v.List(), left)
		default:
			ok = valueFits(f, v, left)
		}
		return ok
	})
	return ok
}

func listFits(f protoreflect.FieldDescriptor, l protoreflect.List, left *int) bool {
	if most, ok := mostOf[f.FullName()]; ok && l.Len() > most {
		return false
	}
	if *left -= l.Len(); *left < 0 {
		return false
	}
	for i := range l.Len() {
		if !valueFits(f, l.Get(i), left) {
			return false
		}
	}
	return true
}

func mapFits(f protoreflect.FieldDescriptor, m protoreflect.Map, left *int) bool {
	if *left -= m.Len(); *left < 0 {
		return false
	}
	ok := true
	m.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		ok = valueFits(f.MapKey(), k.Value(), left) && valueFits(f.MapValue(), v, left)
		return ok
	})
	return ok
}

func valueFits(f protoreflect.FieldDescriptor, v protoreflect.Value, left *int) bool {
	most := mostText
	if m, ok := mostOf[f.FullName()]; ok && !f.IsList() {
		most = m
	}
	switch f.Kind() { //nolint:exhaustive // the others are numbers
	case protoreflect.StringKind:
		return len(v.String()) <= most
	case protoreflect.BytesKind:
		return len(v.Bytes()) <= most
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return messageFits(v.Message(), left)
	}
	return true
}
