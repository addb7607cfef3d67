import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { RoomEvent, TrackEvent, TrackPublication } from "livekit-client";

import { ARRIVAL } from "../src/watched.js";
import { FakePublication, FakeUser, settle } from "./fakes.js";
import { body, click, FakeElement, place } from "./page.js";
import { World } from "./world.js";

let world: World;
let bob: FakeUser;
let mic: FakePublication;
let cam: FakePublication;
let screen: FakePublication;
let view: FakeElement;

beforeEach(() => {
  world = new World();
  mic = new FakePublication("TR_mic", "audio", "microphone");
  cam = new FakePublication("TR_cam", "video", "camera");
  screen = new FakePublication("TR_scr", "video", "screen_share");
  bob = new FakeUser("bob", mic, cam);
  view = place("view");
  body.children = [];
});

const main = { userId: "bob", streamType: "main", view: "view" } as const;
const sub = { userId: "bob", streamType: "sub", view: "view" } as const;

/** Enters a room in which bob is. */
async function enter(more: object = {}): Promise<void> {
  world.engine.prepare = (room) => void room.remoteParticipants.set("bob", bob);
  await world.enter(more);
}

const names = () =>
  world.heard.filter((h) => h.event.startsWith("remote-")).map((h) => h.event.slice(7));

test("who is there already is told on entering", async () => {
  await enter();
  assert.deepEqual(names(), ["user-enter", "audio-available", "video-available"]);
  assert.deepEqual(world.of("remote-video-available"), [{ userId: "bob", streamType: "main" }]);
});

test("a page may ask for a video in the event that tells of it", async () => {
  let started: Promise<void> | undefined;
  world.trtc.on("remote-video-available", (e) => {
    started = world.trtc.startRemoteVideo({ ...e, view: "view" });
  });
  await enter();
  world.room.deliver(bob, cam);
  await started;
  assert.equal(view.children.length, 1);
});

test("coming, publishing, muting and leaving are told once each", async () => {
  await world.enter();
  bob.trackPublications.clear();
  world.room.join(bob);
  bob.trackPublications.set(mic.trackSid, mic).set(screen.trackSid, screen);
  world.room.emit(RoomEvent.TrackPublished, mic, bob);
  world.room.emit(RoomEvent.TrackPublished, screen, bob);
  mic.isMuted = true;
  world.room.emit(RoomEvent.TrackMuted, mic, bob);
  world.room.leave(bob);
  world.room.leave(bob);
  assert.deepEqual(names(), [
    "user-enter",
    "audio-available",
    "video-available",
    "audio-unavailable",
    "video-unavailable",
    "user-exit",
  ]);
  assert.deepEqual(world.of("remote-video-unavailable"), [{ userId: "bob", streamType: "sub" }]);
});

test("one's own muting is nobody else's", async () => {
  await world.enter();
  world.room.emit(RoomEvent.TrackMuted, mic, world.room.localParticipant);
  assert.deepEqual(names(), []);
});

test("sound is received and played by itself, video is not", async () => {
  await enter();
  assert.deepEqual([mic.asked, cam.asked], [[true], []]);
  const track = world.room.deliver(bob, mic);
  assert.deepEqual(body.children, track.shownIn);
  world.room.withdraw(bob, mic);
  assert.deepEqual(body.children, []);
});

test("sound can be declined, for all or for one", async () => {
  await enter({ autoReceiveAudio: false });
  assert.deepEqual(mic.asked, []);
  await world.trtc.muteRemoteAudio("bob", false);
  await world.trtc.muteRemoteAudio("*", true);
  assert.deepEqual(mic.asked, [true, false]);
});

test("who is muted before entering is not received, and forgotten on leaving", async () => {
  await world.trtc.muteRemoteAudio("bob", true);
  world.trtc.setRemoteAudioVolume("bob", 50);
  await enter();
  assert.deepEqual(mic.asked, []);
  assert.equal(bob.volumes.get("microphone"), 0.5);
  await world.trtc.exitRoom();
  await enter();
  assert.deepEqual(mic.asked, [true]);
  for (const volume of [-1, 101, NaN, "5" as never]) {
    assert.throws(() => world.trtc.setRemoteAudioVolume("bob", volume), { code: 5000 });
  }
});

test("a video is shown when it arrives, and gone when it is stopped", async () => {
  await enter();
  const started = world.trtc.startRemoteVideo(main);
  assert.deepEqual(cam.asked, [true]);
  assert.equal(view.children.length, 0);
  const track = world.room.deliver(bob, cam);
  await started;
  const [video] = view.children;
  assert.deepEqual([video?.muted, video?.style.objectFit], [true, "cover"]);
  assert.deepEqual(track.shownIn, [video]);
  assert.equal(world.trtc.getVideoTrack({ userId: "bob" }), track.mediaStreamTrack);
  await world.trtc.stopRemoteVideo({ userId: "bob", streamType: "main" });
  assert.deepEqual([view.children.length, track.shownIn.length], [0, 0]);
  assert.deepEqual(cam.asked, [true, false]);
});

test("what comes unasked is sent back", async () => {
  await world.trtc.muteRemoteAudio("bob", true);
  await enter();
  world.room.deliver(bob, cam);
  world.room.deliver(bob, mic);
  assert.deepEqual([cam.asked, mic.asked, body.children], [[false], [false], []]);
  await world.trtc.startRemoteVideo(main);
  assert.equal(view.children.length, 1, "it may still be shown");
});

test("a video can be moved and restyled", async () => {
  const other = place("other");
  await enter();
  const started = world.trtc.startRemoteVideo(main);
  world.room.deliver(bob, cam);
  await started;
  await world.trtc.updateRemoteVideo({ ...main, view: "other", option: { fillMode: "contain" } });
  assert.deepEqual([view.children.length, other.children.length], [0, 1]);
  await world.trtc.updateRemoteVideo({ ...main, view: undefined, option: { mirror: true } });
  assert.deepEqual(other.children[0]?.style.transform, "scaleX(-1)");
  assert.deepEqual(other.children[0]?.style.objectFit, "contain");
  await world.trtc.startRemoteVideo(main);
  assert.deepEqual([view.children.length, other.children.length, cam.asked.length], [1, 0, 1]);
});

test("a video of nobody, or that is not sent, is refused", async () => {
  await enter();
  await assert.rejects(world.trtc.startRemoteVideo({ ...main, userId: "eve" }), {
    extraCode: 5102,
  });
  await assert.rejects(world.trtc.startRemoteVideo(sub), { extraCode: 5103 });
  await assert.rejects(world.trtc.startRemoteVideo({ ...main, view: "nowhere" }), {
    extraCode: 5009,
  });
  await assert.rejects(world.trtc.startRemoteVideo({ ...main, view: {} as never }), {
    extraCode: 5010,
  });
  await assert.rejects(world.trtc.startRemoteVideo({ ...main, streamType: "x" as never }), {
    code: 5000,
  });
  await assert.rejects(world.trtc.stopRemoteVideo({ userId: "bob" }), { extraCode: 5014 });
});

test("the server keeps a video back without a word: the call ends all the same", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await enter();
  const started = world.trtc.startRemoteVideo(main);
  t.mock.timers.tick(ARRIVAL - 1);
  await settle();
  t.mock.timers.tick(1);
  await assert.rejects(started, { code: 5500, reason: "failed" });
  assert.deepEqual(cam.asked, [true, false]);
  assert.deepEqual(world.of("error"), [], "the call was told");
});

test("a video that may not be received is refused, by bit and by LiveKit", async () => {
  bob.trackPublications.set(screen.trackSid, screen);
  await enter();
  world.room.data({ event: "rights", allow: 42 }, "usersig");
  await assert.rejects(world.trtc.startRemoteVideo(sub), { code: -100006, reason: "no_grant" });
  world.room.data({ event: "rights", allow: 2 | 8 | 128 }, "usersig");
  await assert.rejects(world.trtc.startRemoteVideo(main), {
    code: -102019,
    reason: "no_right_receive_video",
  });
  assert.deepEqual([cam.asked, screen.asked], [[], []]);
  const started = world.trtc.startRemoteVideo(sub);
  const { Allowed, NotAllowed } = TrackPublication.PermissionStatus;
  world.room.emit(RoomEvent.TrackSubscriptionPermissionChanged, screen, Allowed, bob);
  assert.deepEqual(screen.asked, [true]);
  world.room.emit(RoomEvent.TrackSubscriptionPermissionChanged, screen, NotAllowed, bob);
  await assert.rejects(started, { code: -100006 });
});

test("what the server says on entering counts from then on", async () => {
  world.engine.prepare = (room) => {
    room.localParticipant.attributes = { "usersig.allow": "10" };
    room.remoteParticipants.set("bob", bob);
  };
  await world.enter();
  await assert.rejects(world.trtc.startRemoteVideo(main), { code: -102019 });
  assert.deepEqual(world.of("rights-changed"), []);
});

test("without a word of the server LiveKit's own permissions count", async () => {
  await enter();
  world.room.localParticipant.permissions.canSubscribe = false;
  await assert.rejects(world.trtc.startRemoteVideo(main), { code: -102019 });
});

test("a right lost in the middle ends the video with an error", async () => {
  await enter();
  const started = world.trtc.startRemoteVideo(main);
  world.room.deliver(bob, cam);
  await started;
  world.room.data({ event: "rights", allow: 2 | 8 }, "usersig");
  assert.equal(view.children.length, 0);
  assert.deepEqual(
    world.of("error").map((e) => e.code),
    [-102019],
  );
});

test("a track that vanishes may come back; if it does not, that is an error", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await enter();
  const started = world.trtc.startRemoteVideo(main);
  world.room.deliver(bob, cam);
  await started;
  world.room.withdraw(bob, cam);
  assert.equal(view.children.length, 0);
  t.mock.timers.tick(ARRIVAL - 1);
  world.room.deliver(bob, cam);
  assert.equal(view.children.length, 1);
  t.mock.timers.tick(ARRIVAL);
  assert.deepEqual(world.of("error"), []);
  world.room.withdraw(bob, cam);
  t.mock.timers.tick(ARRIVAL);
  assert.deepEqual(
    world.of("error").map((e) => e.code),
    [5500],
  );
});

test("a user who leaves ends the video, and no error follows", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await enter();
  const started = world.trtc.startRemoteVideo(main);
  world.room.deliver(bob, cam);
  await started;
  world.room.withdraw(bob, cam);
  world.room.leave(bob);
  t.mock.timers.tick(ARRIVAL);
  assert.equal(view.children.length, 0);
  assert.deepEqual(world.of("error"), []);
  assert.deepEqual(cam.asked, [true], "nothing is asked about what is gone");
});

test("a call that waits is ended by stopping and by leaving", async () => {
  await enter();
  const stopped = world.trtc.startRemoteVideo(main);
  await world.trtc.stopRemoteVideo({ userId: "*" });
  await assert.rejects(stopped, { code: 5998 });
  const left = world.trtc.startRemoteVideo(main);
  await Promise.all([assert.rejects(left, { code: 5998 }), world.trtc.exitRoom()]);
});

test("being removed takes everything off the page", async () => {
  await enter();
  const started = world.trtc.startRemoteVideo(main);
  world.room.deliver(bob, cam);
  world.room.deliver(bob, mic);
  await started;
  world.room.drop(4);
  assert.deepEqual([view.children.length, body.children.length], [0, 0]);
});

test("a browser that wants a click says so, and a click plays", async () => {
  await enter();
  const track = world.room.deliver(bob, mic);
  track.emit(TrackEvent.AudioPlaybackFailed, new Error("NotAllowedError"));
  const [event] = world.of("autoplay-failed");
  assert.deepEqual([event?.userId, event?.mediaType], ["bob", "audio"]);
  await event?.resume();
  assert.equal(world.room.played, 2);
  click();
  click();
  assert.equal(world.room.played, 4);
  track.emit(TrackEvent.AudioPlaybackFailed, new Error("NotAllowedError"));
  await world.trtc.exitRoom();
  click();
  assert.equal(world.room.played, 4);
});
