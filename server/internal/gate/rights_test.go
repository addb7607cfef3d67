package gate

import (
	"testing"

	"usersig"
)

// TestRights: for every one of the 256 grants, a track may be sent or received exactly if
// the bit that TRTC has for it is set.
func TestRights(t *testing.T) {
	for bits := range usersig.AllPrivileges + 1 {
		r := Rights(bits)
		has := func(p usersig.Privilege) bool { return bits&p == p }
		for _, one := range []struct {
			what      string
			got, want bool
		}{
			{"send audio", r.MaySend(Audio), has(usersig.SendAudio)},
			{"send video", r.MaySend(Video), has(usersig.SendVideo)},
			{"send a screen", r.MaySend(Screen), has(usersig.SendScreen)},
			{"send a screen's sound", r.MaySend(ScreenAudio), has(usersig.SendScreen)},
			{"send unknown video", r.MaySend(UnknownVideo), has(usersig.SendVideo | usersig.SendScreen)},
			{"receive audio", r.MayReceive(Audio), has(usersig.ReceiveAudio)},
			{"receive video", r.MayReceive(Video), has(usersig.ReceiveVideo)},
			{"receive a screen", r.MayReceive(Screen), has(usersig.ReceiveScreen)},
			{"receive a screen's sound", r.MayReceive(ScreenAudio), has(usersig.ReceiveScreen)},
			{"receive unknown video", r.MayReceive(UnknownVideo), has(usersig.ReceiveVideo | usersig.ReceiveScreen)},
			{"create", r.MayCreate(), has(usersig.CreateRoom)},
		} {
			if one.got != one.want {
				t.Errorf("%d may %s: %v", bits, one.what, one.got)
			}
		}
	}
}

// TestAudience: the value 42 of TRTC's documents hears and sees, and sees no screen.
func TestAudience(t *testing.T) {
	r := Rights(42)
	if !r.MayReceive(Audio) || !r.MayReceive(Video) || r.MayReceive(Screen) || r.MayReceive(ScreenAudio) || r.MayReceiveAll() || !r.MayReceiveAny() {
		t.Error("42 receives the wrong things")
	}
	if r.MaySendAny() || r.MayCreate() {
		t.Error("42 sends or creates")
	}
}
