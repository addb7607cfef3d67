package browser_test

import (
	"slices"
	"testing"
)

// The web SDK, without the page around it.

// actors makes a page function that enters a room as a user, who then knows what everybody
// in it sends.
func (p *page) actors(a *app, users ...string) {
	p.t.Helper()
	sigs := map[string]string{}
	for _, user := range users {
		sigs[user] = a.sig(user, 0)
	}
	eval[any](p, `(() => {
		const sdkAppId = %s, sigs = %s, room = %s;
		window.as = (userId) => ({ sdkAppId, userId, userSig: sigs[userId], roomId: room });
		window.enter = async (userId) => {
			const trtc = window[userId] = TRTC.create();
			const sent = trtc.sent = new Set();
			const { EVENT } = TRTC;
			trtc.on(EVENT.REMOTE_VIDEO_AVAILABLE, ({ userId, streamType }) => sent.add(userId + " " + streamType));
			trtc.on(EVENT.REMOTE_VIDEO_UNAVAILABLE, ({ userId, streamType }) => sent.delete(userId + " " + streamType));
			trtc.on(EVENT.REMOTE_AUDIO_AVAILABLE, ({ userId }) => sent.add(userId + " audio"));
			trtc.on(EVENT.REMOTE_AUDIO_UNAVAILABLE, ({ userId }) => sent.delete(userId + " audio"));
			await trtc.enterRoom(as(userId));
		};
	})()`, a.id, sigs, lobby.ID)
}

// perform lets the page do something that takes a user's click, and returns what came
// of it.
func perform[T any](p *page, script string, args ...any) T {
	p.t.Helper()
	eval[any](p, `(() => {
		const button = document.createElement("button");
		button.id = "perform";
		button.textContent = "perform";
		window.performed = new Promise((resolve, reject) => (button.onclick = () => {
			button.remove();
			(`+script+`)().then(resolve, reject);
		}));
		document.body.prepend(button);
	})()`, args...)
	p.click("perform")
	return eval[T](p, `performed`)
}

// TestScreenIsTakenBack: who stops, or becomes an audience, while the screen and its
// sound are being published leaves neither in the room.
func TestScreenIsTakenBack(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	p := w.visit("/demo")
	p.actors(a, "alice", "bob", "carol")
	eval[any](p, `Promise.all([enter("alice"), enter("bob"), enter("carol")])`)
	for _, end := range []string{`alice.stopScreenShare()`, `alice.switchRole("audience")`} {
		sounds := perform[bool](p, `async () => {
			const began = new Promise((resolve) => alice.on(TRTC.EVENT.PUBLISH_STATE_CHANGED, ({ state }) => state === "starting" && resolve()));
			let tracks = [];
			const real = MediaDevices.prototype.getDisplayMedia;
			MediaDevices.prototype.getDisplayMedia = async function (wish) {
				const stream = await real.call(this, wish);
				tracks = stream.getTracks();
				return stream;
			};
			const starting = alice.startScreenShare({ option: { systemAudio: true } }).catch((e) => e);
			await began;
			await `+end+`;
			const { reason = "aborted" } = (await starting) ?? {};
			MediaDevices.prototype.getDisplayMedia = real;
			if (reason !== "aborted") throw new Error(reason);
			return tracks.some((track) => track.kind === "audio");
		}`)
		if !sounds {
			t.Error("the browser gave no sound with the screen: nothing is proved")
		}
		// What comes to bob later than it tells that it would have come by now.
		eval[any](p, `carol.startLocalVideo()`)
		p.wait(`bob.sent.has("carol main")`)
		if left := eval[[]string](p, `[...bob.sent].filter((s) => s.startsWith("alice"))`); len(left) > 0 {
			t.Errorf("after %s the room still has %v", end, left)
		}
		eval[any](p, `carol.stopLocalVideo()`)
		p.wait(`!bob.sent.has("carol main")`)
	}
	eval[any](p, `alice.switchRole("anchor")`) // the last one captured goes on
	p.wait(`bob.sent.has("alice sub") && bob.sent.has("alice audio")`)
}

// TestEnterAgain: a page that hears of the end enters again at once.
func TestEnterAgain(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	p := w.visit("/demo")
	p.actors(a, "alice")
	eval[any](p, `enter("alice").then(() => {
		window.told = [];
		alice.on(TRTC.EVENT.KICKED_OUT, ({ reason }) => told.push(reason));
		alice.on(TRTC.EVENT.CONNECTION_STATE_CHANGED, ({ state }) => {
			if (state === "DISCONNECTED") window.again ??= alice.enterRoom(as("alice"));
		});
	})`)
	w.Must("DELETE", a.path("/rooms/n100/users/alice"), nil)
	p.wait(`window.again !== undefined`)
	eval[any](p, `again`)
	if users := a.users(lobby); !slices.Equal(users, []string{"alice"}) {
		t.Errorf("in the room is %v", users)
	}
	if told := eval[[]string](p, `told`); len(told) > 0 {
		t.Errorf("who is in is told %v", told)
	}
}

// TestOtherCamera: the camera on the other side takes the place of the first, and goes on
// being seen.
func TestOtherCamera(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	p := w.visit("/demo")
	p.actors(a, "alice", "bob")
	eval[any](p, `Promise.all([enter("alice"), enter("bob")])`)
	changed := eval[bool](p, `(async () => {
		await alice.startLocalVideo({ option: { useFrontCamera: true } });
		const first = alice.getVideoTrack();
		await alice.updateLocalVideo({ option: { useFrontCamera: false } });
		return first.readyState === "ended" && alice.getVideoTrack().readyState === "live";
	})()`)
	if !changed {
		t.Error("the camera is the same")
	}
	p.wait(`bob.sent.has("alice main")`)
	eval[any](p, `(() => {
		const view = document.createElement("div");
		document.body.prepend(view);
		return bob.startRemoteVideo({ userId: "alice", streamType: "main", view }).then(() => {
			window.shown = view.querySelector("video");
		});
	})()`)
	p.wait(`shown.videoWidth > 0 && shown.getVideoPlaybackQuality().totalVideoFrames >= 5`)
}
