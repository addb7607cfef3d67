package gate

import "usersig"

// A Track is something that is sent in a room.
type Track uint8

// The kinds of tracks. Of a video track that does not say what it shows, the worst is
// assumed: it needs the rights for a camera and for a screen.
const (
	Audio Track = iota
	Video
	Screen
	ScreenAudio
	UnknownVideo
)

// sends and receives say which rights a track takes. TRTC's sub-stream is the screen
// with its sound.
var (
	sends = [...]usersig.Privilege{
		Audio: usersig.SendAudio, Video: usersig.SendVideo, Screen: usersig.SendScreen, ScreenAudio: usersig.SendScreen,
		UnknownVideo: usersig.SendVideo | usersig.SendScreen,
	}
	receives = [...]usersig.Privilege{
		Audio: usersig.ReceiveAudio, Video: usersig.ReceiveVideo, Screen: usersig.ReceiveScreen, ScreenAudio: usersig.ReceiveScreen,
		UnknownVideo: usersig.ReceiveVideo | usersig.ReceiveScreen,
	}
)

// Rights are what a user may do in a room, as an engine needs to know it.
type Rights usersig.Privilege

// MaySend reports whether a track may be sent.
func (r Rights) MaySend(t Track) bool { return usersig.Privilege(r).Has(sends[t]) }

// MayReceive reports whether a track may be received.
func (r Rights) MayReceive(t Track) bool { return usersig.Privilege(r).Has(receives[t]) }

// MaySendAny reports whether any track may be sent. Messages go with it: TRTC has no
// right of their own for them, and who may only listen must not write.
func (r Rights) MaySendAny() bool {
	return usersig.Privilege(r)&(usersig.SendAudio|usersig.SendVideo|usersig.SendScreen) != 0
}

// MayReceiveAny reports whether any track may be received.
func (r Rights) MayReceiveAny() bool { return usersig.Privilege(r)&receiveAll != 0 }

// MayReceiveAll reports whether every track may be received.
func (r Rights) MayReceiveAll() bool { return usersig.Privilege(r).Has(receiveAll) }

// MayCreate reports whether a room that is not there may be opened.
func (r Rights) MayCreate() bool { return usersig.Privilege(r).Has(usersig.CreateRoom) }

const receiveAll = usersig.ReceiveAudio | usersig.ReceiveVideo | usersig.ReceiveScreen

// String returns the name of a kind of track.
func (t Track) String() string {
	return [...]string{Audio: "audio", Video: "video", Screen: "screen", ScreenAudio: "screen-audio", UnknownVideo: "video"}[t]
}
