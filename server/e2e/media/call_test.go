package media_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"usersig"
	"usersig/server/internal/gate"
)

// call is two users who talk to each other while somebody else misbehaves. Everything
// that either of them notices besides is kept.
type call struct {
	t          *testing.T
	room       usersig.Room
	alice, bob *talker
}

// talker is one of them.
type talker struct {
	*party
	packets atomic.Int64
	last    atomic.Int64 // when a packet came, in nanoseconds
	worst   atomic.Int64 // the longest time between two

	mu   sync.Mutex
	news []string
}

// mostSilence is how long neither of them may hear nothing. They send every 20 ms; the
// rest is for a machine that is busy with the attack.
const mostSilence = 2 * time.Second

// talk begins a call.
func (w *world) talk(a *app, room usersig.Room) *call {
	w.T.Helper()
	c := &call{w.T, room, w.talker(a.credential("alice", room)), w.talker(a.credential("bob", room))}
	for _, p := range []*talker{c.alice, c.bob} {
		if err := p.send(livekit.TrackSource_MICROPHONE); err != nil {
			w.T.Fatal(err)
		}
	}
	for _, p := range []*talker{c.alice, c.bob} {
		eventually(w.T, patience, "the beginning of the call", func() bool { return p.packets.Load() > 10 })
		p.mu.Lock()
		p.news = nil
		p.mu.Unlock()
		p.worst.Store(0)
	}
	return c
}

func (w *world) talker(c gate.Credential) *talker {
	w.T.Helper()
	p := &talker{party: &party{t: w.T, gone: make(chan lksdk.DisconnectionReason, 1), heard: map[livekit.TrackSource]chan struct{}{}}}
	cb := &lksdk.RoomCallback{
		OnDisconnectedWithReason:  func(r lksdk.DisconnectionReason) { p.note("has to leave: " + string(r)) },
		OnReconnecting:            func() { p.note("has to reconnect") },
		OnParticipantDisconnected: func(o *lksdk.RemoteParticipant) { p.note(o.Identity() + " is gone") },
		OnParticipantConnected:    func(o *lksdk.RemoteParticipant) { p.note(o.Identity() + " is there") },
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackSubscribed: p.count,
			OnTrackPublished: func(pub *lksdk.RemoteTrackPublication, o *lksdk.RemoteParticipant) {
				p.note(o.Identity() + " publishes " + pub.Source().String() + ", " + pub.Kind().String())
			},
			OnTrackMuted: func(_ lksdk.TrackPublication, o lksdk.Participant) { p.note(o.Identity() + " is muted") },
			OnTrackUnsubscribed: func(*webrtc.TrackRemote, *lksdk.RemoteTrackPublication, *lksdk.RemoteParticipant) {
				p.note("a track is gone")
			},
			OnMetadataChanged:   func(string, lksdk.Participant) { p.note("metadata changed") },
			OnAttributesChanged: func(map[string]string, lksdk.Participant) { p.note("attributes changed") },
			OnDataPacket: func(data lksdk.DataPacket, from lksdk.DataReceiveParams) {
				if u, ok := data.(*lksdk.UserDataPacket); ok {
					p.note("message of " + from.SenderIdentity + " about " + u.Topic)
				}
			},
		},
	}
	var err error
	if p.party.room, err = lksdk.ConnectToRoomWithToken(w.Base, c.String(), cb); err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(p.party.room.Disconnect)
	return p
}

func (p *talker) count(track *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, of *lksdk.RemoteParticipant) {
	if track.Kind() != webrtc.RTPCodecTypeAudio {
		p.note("hears no sound but video of " + of.Identity())
	}
	for first := true; ; first = false {
		if _, _, err := track.ReadRTP(); err != nil {
			return
		}
		if first && of.Identity() != "alice" && of.Identity() != "bob" {
			p.note("hears " + of.Identity())
		}
		now := time.Now().UnixNano()
		if last := p.last.Swap(now); last != 0 && now-last > p.worst.Load() {
			p.worst.Store(now - last)
		}
		p.packets.Add(1)
	}
}

func (p *talker) note(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.news = append(p.news, what)
}

// has reports whether something was noticed.
func (p *talker) has(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.news, what)
}

// noticed returns what a talker has noticed, and forgets it.
func (p *talker) noticed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	news := p.news
	p.news = nil
	return news
}

// undisturbed fails the test unless packets come, came all the time, and nothing else
// happened to the call.
func (c *call) undisturbed(t *testing.T) {
	t.Helper()
	for name, p := range map[string]*talker{"alice": c.alice, "bob": c.bob} {
		before := p.packets.Load()
		eventually(t, patience, name+"'s hearing", func() bool { return p.packets.Load() > before+5 })
		worst := time.Duration(p.worst.Swap(0))
		t.Logf("%s has received %d packets; the longest silence was %v", name, p.packets.Load(), worst.Round(time.Millisecond))
		if worst > mostSilence {
			t.Errorf("%s heard nothing for %v", name, worst)
		}
		if news := p.noticed(); len(news) > 0 {
			t.Errorf("%s noticed: %q", name, news)
		}
	}
}
