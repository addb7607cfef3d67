import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { RoomEvent } from "livekit-client";

import { endByUser, settle } from "./fakes.js";
import { place } from "./page.js";
import { refused, World } from "./world.js";

/** How long the package waits whether a stay ends before it says that rights were lost. */
const MOMENT = 1000;

let world: World;
beforeEach(() => {
  world = new World();
});

const published = () => world.room.localParticipant.published.map((p) => p.track.source);
const states = () =>
  world
    .of("publish-state-changed")
    .map((e) => `${e.mediaType} ${e.state} ${e.reason ?? ""}`.trim());
const forbidden = () => Object.assign(new Error("insufficient permissions"), { status: 403 });

test("microphone, camera and screen are captured, shown and published", async () => {
  const view = place("local");
  await world.enter();
  await world.trtc.startLocalAudio({ option: { microphoneId: "mic1", noiseSuppression: false } });
  await world.trtc.startLocalVideo({
    view: "local",
    option: { profile: "720p", cameraId: "cam1" },
  });
  await world.trtc.startScreenShare({ option: { systemAudio: true } });
  assert.deepEqual(published(), ["microphone", "camera", "screen_share", "screen_share_audio"]);
  assert.deepEqual(world.engine.asked, [
    { deviceId: "mic1", noiseSuppression: false },
    { deviceId: "cam1", resolution: { width: 1280, height: 720, frameRate: 15 } },
    { audio: true },
  ]);
  const [, camera] = world.room.localParticipant.published;
  assert.deepEqual(camera?.options, {
    videoEncoding: { maxBitrate: 1_500_000, maxFramerate: 15 },
  });
  assert.equal(view.children[0]?.style.transform, "scaleX(-1)");
  assert.equal(world.trtc.getVideoTrack(), world.engine.tracks[1]?.mediaStreamTrack);
  assert.equal(
    world.trtc.getVideoTrack({ streamType: "sub" }),
    world.engine.tracks[2]?.mediaStreamTrack,
  );
  assert.equal(world.trtc.getAudioTrack(), world.engine.tracks[0]?.mediaStreamTrack);
});

test("what was started before entering is published on entering", async () => {
  await world.trtc.startLocalVideo();
  await world.trtc.startLocalAudio({ publish: false });
  await world.enter();
  assert.deepEqual(published(), ["camera"]);
  assert.deepEqual(states(), ["video starting", "video started"]);
});

test("leaving ends publishing and not capturing, and entering again goes on", async () => {
  await world.enter();
  await world.trtc.startLocalVideo();
  await world.trtc.exitRoom();
  assert.equal(world.engine.tracks[0]?.stopped, false);
  await world.enter();
  assert.deepEqual(published(), ["camera"]);
  assert.deepEqual(states().slice(1), [
    "video started",
    "video stopped api-call",
    "video starting",
    "video started",
  ]);
});

test("stopping ends all of it, and it can be started again", async () => {
  const view = place("local");
  await world.enter();
  await world.trtc.startLocalVideo({ view: "local" });
  await world.trtc.stopLocalVideo();
  await world.trtc.stopLocalVideo();
  assert.deepEqual([world.engine.tracks[0]?.stopped, view.children.length], [true, 0]);
  assert.deepEqual(published(), []);
  assert.deepEqual(world.of("error"), []);
  await world.trtc.startLocalVideo();
  assert.deepEqual(published(), ["camera"]);
});

test("muting, publishing, switching and moving", async () => {
  const [one, two] = [place("one"), place("two")];
  await world.enter();
  await world.trtc.startLocalVideo({ view: "one", mute: true });
  const [track] = world.engine.tracks;
  assert.equal(track?.isMuted, true);
  await world.trtc.updateLocalVideo({
    mute: false,
    view: "two",
    option: { cameraId: "cam2", mirror: false },
  });
  assert.deepEqual([track?.isMuted, track?.device], [false, { exact: "cam2" }]);
  assert.deepEqual([one.children.length, two.children[0]?.style.transform], [0, ""]);
  await world.trtc.updateLocalVideo({ publish: false });
  assert.deepEqual([published(), track?.stopped, two.children.length], [[], false, 1]);
  await world.trtc.updateLocalVideo({ publish: true });
  assert.deepEqual(published(), ["camera"]);
});

test("the other camera of a phone", async () => {
  const side = (useFrontCamera: boolean) => ({ option: { useFrontCamera } });
  await world.trtc.startLocalVideo({ option: { useFrontCamera: true, profile: "720p" } });
  const resolution = { width: 1280, height: 720, frameRate: 15 };
  const [asked] = world.engine.asked;
  assert.deepEqual(asked, { deviceId: undefined, resolution, facingMode: "user" });
  await world.trtc.updateLocalVideo(side(false));
  assert.deepEqual(world.engine.tracks[0]?.again, { facingMode: "environment", resolution });
  await world.trtc.updateLocalVideo({ ...side(true), mute: true }).catch(() => undefined);
  await assert.rejects(world.trtc.updateLocalVideo(side(true)), { code: 5100 });
  await world.trtc.updateLocalVideo({ ...side(true), mute: false });
  assert.deepEqual(world.engine.tracks[0]?.again, { facingMode: "user", resolution });
});

test("a screen is captured and sent as its profile says", async () => {
  await world.enter();
  await world.trtc.startScreenShare({ option: { profile: "720p_2" } });
  const resolution = { width: 1280, height: 720, frameRate: 30 };
  assert.deepEqual(world.engine.asked, [{ audio: false, resolution }]);
  assert.deepEqual(world.room.localParticipant.published[0]?.options, {
    screenShareEncoding: { maxBitrate: 3_000_000, maxFramerate: 30 },
  });
  await world.trtc.stopScreenShare();
  const wrong = world.trtc.startScreenShare({ option: { profile: "4K" as never } });
  await assert.rejects(wrong, { code: 5000 });
});

test("what is not started cannot be changed, and what is cannot be started", async () => {
  await assert.rejects(world.trtc.updateLocalAudio({ mute: true }), { code: 5100 });
  await world.trtc.startLocalAudio();
  await assert.rejects(world.trtc.startLocalAudio(), { code: 5100, extraCode: 5104 });
  for (const profile of ["9k", { width: 0, height: 1, frameRate: 1, bitrate: 1 }, null]) {
    const option = { profile: profile as never };
    const start = world.trtc.startLocalVideo({ option });
    await (profile === null ? start : assert.rejects(start, { code: 5000 }));
  }
});

test("a stop overtakes a start that waits for the user", async () => {
  let allow: () => void = () => undefined;
  world.engine.wait = new Promise((resolve) => (allow = resolve));
  const starting = world.trtc.startLocalVideo();
  await world.trtc.stopLocalVideo();
  allow();
  await assert.rejects(starting, { code: 5998 });
  assert.equal(world.engine.tracks[0]?.stopped, true);
});

test("leaving while something is published ends that", async () => {
  await world.enter();
  let publish: () => void = () => undefined;
  world.room.localParticipant.publishTrack = () => new Promise((resolve) => (publish = resolve));
  const starting = world.trtc.startLocalVideo();
  await settle();
  await world.trtc.exitRoom();
  publish();
  await starting;
  assert.deepEqual(states(), ["video starting", "video stopped api-call"]);
});

test("a stop while a start mutes leaves nothing published", async () => {
  await world.enter();
  const starting = world.trtc.startLocalVideo({ mute: true });
  while (!world.engine.tracks[0]?.isMuted) await Promise.resolve();
  await world.trtc.stopLocalVideo();
  await assert.rejects(starting, { code: 5998 });
  assert.deepEqual([published(), states()], [[], []]);
});

for (const [start, media, code, reason] of [
  ["startLocalAudio", "audio", -100006, "no_grant"],
  ["startLocalVideo", "video", -102013, "no_right_send_video"],
  ["startScreenShare", "screen", -102015, "no_right_send_screen"],
] as const) {
  test(`without the right to send ${media}: ${code}`, async () => {
    await world.enter();
    world.room.localParticipant.refuse = forbidden();
    await assert.rejects(world.trtc[start](), { code, reason });
    assert.equal(world.engine.tracks[0]?.stopped, true, "nothing has started");
    assert.deepEqual(states(), [`${media} starting`, `${media} stopped error`]);
  });

  test(`the right to send ${media} is lost in the middle of a call: ${code}`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    await world.enter();
    await world.trtc[start]();
    const [track] = world.engine.tracks;
    world.room.localParticipant.published.length = 0;
    world.room.emit(RoomEvent.LocalTrackUnpublished, { track }, world.room.localParticipant);
    assert.deepEqual(world.of("error"), [], "the stay may be ending");
    t.mock.timers.tick(MOMENT);
    assert.deepEqual(
      world.of("error").map((e) => [e.code, e.reason]),
      [[code, reason]],
    );
    assert.equal(states().at(-1), `${media} stopped error`);
    assert.equal(track?.stopped, false, "the preview goes on");
  });
}

test("whoever has to leave is not told first of rights that were lost", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await world.enter();
  await world.trtc.startLocalAudio();
  world.answer = () => refused("revoked");
  world.room.permit(); // as the server does before it sends somebody away
  world.room.localParticipant.published.length = 0;
  world.room.emit(RoomEvent.LocalTrackUnpublished, {}, world.room.localParticipant);
  t.mock.timers.tick(MOMENT - 1);
  world.room.drop(4);
  t.mock.timers.tick(MOMENT);
  while (world.of("kicked-out").length === 0) await new Promise(setImmediate);
  assert.equal(world.of("kicked-out")[0]?.code, 70052);
  assert.deepEqual(world.of("error"), []);
  assert.equal(states().at(-1), "audio stopped api-call");
});

test("what may not be published on entering is an event, and the room is entered", async () => {
  await world.trtc.startLocalVideo();
  world.engine.prepare = (room) => void (room.localParticipant.refuse = forbidden());
  await world.enter();
  assert.deepEqual(
    world.of("error").map((e) => e.code),
    [-102013],
  );
});

test("a reconnection that puts publications back is no loss of a right", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await world.enter();
  await world.trtc.startLocalAudio();
  const { published: list } = world.room.localParticipant;
  const kept = [...list];
  world.room.become("reconnecting");
  list.length = 0;
  world.room.emit(RoomEvent.LocalTrackUnpublished, kept[0], world.room.localParticipant);
  list.push(...kept);
  world.room.become("connected");
  world.room.emit(RoomEvent.Reconnected);
  t.mock.timers.tick(MOMENT);
  assert.deepEqual(world.of("error"), []);
  list.length = 0;
  world.room.emit(RoomEvent.Reconnected);
  t.mock.timers.tick(MOMENT);
  assert.deepEqual(
    world.of("error").map((e) => e.code),
    [-100006],
  );
});

test("a failure that is no missing right says what it was", async () => {
  await world.enter();
  world.room.localParticipant.refuse = new Error("publishing rejected as engine not connected");
  await assert.rejects(world.trtc.startLocalAudio(), { code: 5500, reason: "failed" });
});

test("an audience publishes nothing until it is an anchor", async () => {
  await world.trtc.startLocalVideo();
  await world.enter({ role: "audience" });
  assert.deepEqual(published(), []);
  await assert.rejects(world.trtc.startLocalAudio(), { code: 5100, extraCode: 5107 });
  await world.trtc.startLocalAudio({ publish: false });
  await world.trtc.switchRole("anchor");
  assert.deepEqual(published(), ["camera"]);
  await world.trtc.switchRole("anchor");
  assert.deepEqual(published(), ["camera"]);
  await world.trtc.switchRole("audience");
  assert.deepEqual(published(), []);
  assert.equal(world.engine.tracks[0]?.stopped, false);
  await assert.rejects(world.trtc.switchRole("boss" as never), { code: 5000 });
  await assert.rejects(world.trtc.updateLocalAudio({ publish: true }), { extraCode: 5107 });
  await world.trtc.updateLocalAudio({ mute: true });
});

test("a ticket for a role is handed in first, and its refusal keeps the role", async () => {
  await world.trtc.startLocalVideo();
  await world.enter({ role: "audience" });
  world.answer = () =>
    Response.json(
      { code: -100006, trtc: -100006, reason: "no_grant", message: "m", remedy: "r" },
      { status: 403 },
    );
  await assert.rejects(world.trtc.switchRole("anchor", { privateMapKey: "eJwBad" }), {
    code: -100006,
  });
  assert.deepEqual(published(), []);
  world.answer = () => Response.json({ expires_at: "2026-11-23T13:00:00Z", allow: 255 });
  await world.trtc.switchRole("anchor", { privateMapKey: "eJwKey" });
  assert.match(world.asked.at(-1)?.credential ?? "", /\.eJwSig\.eJwKey$/);
  assert.deepEqual(published(), ["camera"]);
});

test("the browser's own bar ends sharing the screen", async () => {
  await world.enter();
  await world.trtc.startScreenShare();
  endByUser(world.engine.tracks[0] as never);
  await settle();
  assert.equal(world.of("screen-share-stopped").length, 1);
  assert.deepEqual(published(), []);
  await world.trtc.startScreenShare();
  await world.trtc.stopScreenShare();
  endByUser(world.engine.tracks[1] as never);
  assert.equal(world.of("screen-share-stopped").length, 1, "a call is not the user");
});

test("being removed ends publishing and not capturing", async () => {
  await world.enter();
  await world.trtc.startLocalAudio();
  world.room.drop(4);
  assert.equal(states().at(-1), "audio stopped api-call");
  assert.equal(world.engine.tracks[0]?.stopped, false);
});

const withSound = { option: { systemAudio: true } };

/** Holds publications back until the returned function is called. */
function hold(): () => void {
  let go: () => void = () => undefined;
  world.room.localParticipant.wait = new Promise((resolve) => (go = resolve));
  return () => go();
}

test("who becomes an audience while a screen with sound is being published publishes nothing", async () => {
  await world.enter();
  const go = hold();
  const starting = world.trtc.startScreenShare(withSound);
  await settle();
  const leaving = world.trtc.switchRole("audience");
  go();
  await Promise.all([starting, leaving]);
  await settle();
  assert.deepEqual(published(), []);
  assert.deepEqual(states(), ["screen starting", "screen stopped api-call"]);
  await world.trtc.switchRole("anchor");
  assert.deepEqual(published(), ["screen_share", "screen_share_audio"]);
});

test("who goes there and back while something is published publishes it", async () => {
  await world.enter();
  const go = hold();
  const starting = world.trtc.startScreenShare(withSound);
  await settle();
  const there = world.trtc.switchRole("audience");
  const back = world.trtc.switchRole("anchor");
  go();
  await Promise.all([starting, there, back]);
  await settle();
  assert.deepEqual(published(), ["screen_share", "screen_share_audio"]);
  assert.equal(states().at(-1), "screen started");
  await world.trtc.stopScreenShare();
  assert.deepEqual(published(), []);
  assert.deepEqual(world.of("error"), []);
});

test("a stop while a screen with sound is being published leaves nothing of it", async () => {
  await world.enter();
  const go = hold();
  const starting = world.trtc.startScreenShare(withSound);
  await settle();
  const stopping = world.trtc.stopScreenShare();
  go();
  await assert.rejects(starting, { code: 5998 });
  await stopping;
  assert.deepEqual(published(), []);
  assert.ok(world.engine.tracks.every((t) => t.stopped));
});

test("a screen whose sound is refused is not published either", async () => {
  await world.enter();
  world.room.localParticipant.fails = "audio";
  await assert.rejects(world.trtc.startScreenShare(withSound), { code: 5500 });
  assert.deepEqual(published(), []);
  assert.deepEqual(states(), ["screen starting", "screen stopped error"]);
  assert.ok(world.engine.tracks.every((t) => t.stopped));
});

test("the same on entering is an event, and the user still sees the screen", async () => {
  await world.trtc.startScreenShare(withSound);
  world.engine.prepare = (room) => void (room.localParticipant.fails = "audio");
  await world.enter();
  assert.deepEqual(published(), []);
  assert.deepEqual(
    world.of("error").map((e) => e.code),
    [5500],
  );
  assert.ok(world.engine.tracks.every((t) => !t.stopped));
  world.room.localParticipant.fails = null;
  await world.trtc.updateScreenShare({ publish: true });
  assert.deepEqual(published(), ["screen_share", "screen_share_audio"]);
});

test("what a reconnection puts back after it was stopped is taken away again", async () => {
  await world.enter();
  await world.trtc.startScreenShare(withSound);
  const { published: list } = world.room.localParticipant;
  const kept = list.splice(0);
  world.room.become("reconnecting"); // LiveKit's SDK has taken all away, and will put it back
  await world.trtc.stopScreenShare();
  list.push(...kept);
  world.room.become("connected");
  world.room.emit(RoomEvent.Reconnected);
  await settle();
  assert.deepEqual(published(), []);
  assert.deepEqual(world.of("error"), []);
});

test("a device that is gone when a mute ends is an error of the device", async () => {
  await world.enter();
  await world.trtc.startLocalVideo({ mute: true });
  const [track] = world.engine.tracks;
  const gone = Object.assign(new Error("in use"), { name: "NotReadableError" });
  Object.assign(track as object, { unmute: () => Promise.reject(gone) });
  const failure = { name: "RtcError", code: 5300, extraCode: 5303, cause: gone };
  await assert.rejects(world.trtc.updateLocalVideo({ mute: false }), failure);
  Object.assign(track as object, { setDeviceId: () => Promise.reject(gone) });
  await assert.rejects(world.trtc.updateLocalVideo({ option: { cameraId: "x" } }), failure);
});
