package media_test

import (
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"usersig/server/internal/gate"
)

func init() { lksdk.SetLogger(logger.LogRLogger(logr.Discard())) }

// patience bounds every wait of a test. What is waited for takes a fraction of it.
const patience = 20 * time.Second

// party is a user in a room, with LiveKit's own SDK.
type party struct {
	t    *testing.T
	room *lksdk.Room
	gone chan lksdk.DisconnectionReason
	told chan []byte // what the server says

	mu    sync.Mutex
	heard map[livekit.TrackSource]chan struct{} // closed when a packet came
}

// join enters a room, or says why not.
func (w *world) join(c gate.Credential) (*party, error) {
	p := &party{t: w.T, gone: make(chan lksdk.DisconnectionReason, 1), told: make(chan []byte, 16), heard: map[livekit.TrackSource]chan struct{}{}}
	cb := &lksdk.RoomCallback{
		OnDisconnectedWithReason: func(r lksdk.DisconnectionReason) { p.gone <- r },
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackSubscribed: p.listen,
			OnDataPacket: func(data lksdk.DataPacket, from lksdk.DataReceiveParams) {
				if u, ok := data.(*lksdk.UserDataPacket); ok && u.Topic == "usersig" && from.SenderIdentity == "" {
					p.told <- u.Payload
				}
			},
		},
	}
	var err error
	p.room, err = lksdk.ConnectToRoomWithToken(w.Base, c.String(), cb)
	if err != nil {
		return nil, err
	}
	w.T.Cleanup(p.room.Disconnect)
	return p, nil
}

func (w *world) mustJoin(c gate.Credential) *party {
	w.T.Helper()
	p, err := w.join(c)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

func (p *party) listen(track *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
	for {
		if _, _, err := track.ReadRTP(); err != nil {
			return
		}
		p.mu.Lock()
		p.arrived(pub.Source())
		p.mu.Unlock()
	}
}

// arrived needs p.mu.
func (p *party) arrived(s livekit.TrackSource) {
	if p.heard[s] == nil {
		p.heard[s] = make(chan struct{})
	}
	select {
	case <-p.heard[s]:
	default:
		close(p.heard[s])
	}
}

// forget makes hears wait for what comes from now on.
func (p *party) forget(s livekit.TrackSource) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.heard, s)
}

// again gives a source up and asks for it again, and waits until it is back. What was
// asked for before was answered then: the server takes requests in order.
func (p *party) again(s livekit.TrackSource) {
	p.t.Helper()
	p.subscribe(s, false)
	for heard := true; heard; { // packets come every 20 ms
		p.forget(s)
		select {
		case <-p.source(s):
		case <-time.After(500 * time.Millisecond):
			heard = false
		}
	}
	p.subscribe(s, true)
	p.hears(s)
}

// hasHeard reports whether anything of a source was ever received.
func (p *party) hasHeard(s livekit.TrackSource) bool {
	select {
	case <-p.source(s):
		return true
	default:
		return false
	}
}

// subscribe asks for the tracks of a source, or gives them up.
func (p *party) subscribe(s livekit.TrackSource, yes bool) {
	p.t.Helper()
	for _, other := range p.room.GetRemoteParticipants() {
		for _, pub := range other.TrackPublications() {
			if remote, ok := pub.(*lksdk.RemoteTrackPublication); ok && remote.Source() == s {
				if err := remote.SetSubscribed(yes); err != nil {
					p.t.Fatal(err)
				}
			}
		}
	}
}

// source returns what is closed when a packet of a source was received.
func (p *party) source(s livekit.TrackSource) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.heard[s] == nil {
		p.heard[s] = make(chan struct{})
	}
	return p.heard[s]
}

// hears fails the test if nothing of a source is received in time.
func (p *party) hears(s livekit.TrackSource) {
	p.t.Helper()
	select {
	case <-p.source(s):
	case <-time.After(patience):
		p.t.Fatalf("nothing was received of %v", s)
	}
}

// leaves waits until the user has to leave, and returns why and after how long.
func (p *party) leaves() (lksdk.DisconnectionReason, time.Duration) {
	p.t.Helper()
	started := time.Now()
	select {
	case r := <-p.gone:
		return r, time.Since(started)
	case <-time.After(patience):
		p.t.Fatal("the user is still there")
	}
	return "", 0
}

// send publishes a track and sends until the test ends.
func (p *party) send(s livekit.TrackSource) error {
	mime := webrtc.MimeTypeVP8
	if s == livekit.TrackSource_MICROPHONE || s == livekit.TrackSource_SCREEN_SHARE_AUDIO {
		mime = webrtc.MimeTypeOpus
	}
	track, err := lksdk.NewLocalSampleTrack(webrtc.RTPCodecCapability{MimeType: mime})
	if err != nil {
		p.t.Fatal(err)
	}
	_, err = p.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Source: s, Name: s.String(), VideoWidth: 320, VideoHeight: 240})
	if err != nil {
		return err
	}
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-p.t.Context().Done():
				return
			case <-tick.C:
				// A VP8 key frame's beginning, or bytes that no one will decode.
				_ = track.WriteSample(media.Sample{Data: []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00}, Duration: 20 * time.Millisecond}, nil)
			}
		}
	}()
	return nil
}
