package media_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"usersig"
)

// TestUnread: what others send to a user who does not read is not kept for them without
// bound. Gigabytes were.
func TestUnread(t *testing.T) {
	const size, much = 15_000, 64 << 20
	w := open(t, nil)
	a, room := w.app(nil), usersig.Room{ID: 7}
	var deaf webrtc.SettingEngine
	deaf.DetachDataChannels()
	deaf.SetSCTPMaxReceiveBufferSize(64 << 10)
	eve := w.viewBy(a.credential("eve", room), deaf)
	var channels atomic.Int32
	eve.pc.OnDataChannel(func(c *webrtc.DataChannel) {
		c.OnOpen(func() {
			_, _ = c.Detach() // and never read it
			channels.Add(1)
		})
	})
	eve.follows()
	mallory := w.mustJoin(a.credential("mallory", room))
	bob := w.talker(a.credential("bob", room))
	eventually(t, patience, "eve's channels", func() bool { return channels.Load() >= 2 })
	before := heap()
	payload := make([]byte, size)
	for range much / size {
		if err := mallory.room.LocalParticipant.PublishDataPacket(lksdk.UserData(payload), lksdk.WithDataPublishReliable(true)); err != nil {
			t.Fatal(err)
		}
	}
	// The last thing said arrives at bob, who reads: all of it has been handled by then.
	eventually(t, patience, "the last message", func() bool {
		err := mallory.room.LocalParticipant.PublishDataPacket(&lksdk.UserDataPacket{Payload: []byte("end"), Topic: "end"}, lksdk.WithDataPublishReliable(true))
		return err == nil && bob.has("message of mallory about end")
	})
	kept := heap() - before
	t.Logf("%d MB were sent, %d MB are kept", much>>20, kept>>20)
	if kept > much/2 {
		t.Errorf("%d MB are kept of %d MB", kept>>20, much>>20)
	}
}

// heap returns how many bytes are in use after everything else was collected.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what has a finalizer goes one round later
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
