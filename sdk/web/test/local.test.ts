import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { RoomEvent } from "livekit-client";

import { endByUser, settle } from "./fakes.js";
import { place } from "./page.js";
import { World } from "./world.js";

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
  assert.deepEqual(published(), ["microphone", "camera", "screen_share"]);
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

  test(`the right to send ${media} is lost in the middle of a call: ${code}`, async () => {
    await world.enter();
    await world.trtc[start]();
    const [track] = world.engine.tracks;
    world.room.localParticipant.published.length = 0;
    world.room.emit(RoomEvent.LocalTrackUnpublished, { track }, world.room.localParticipant);
    assert.deepEqual(
      world.of("error").map((e) => [e.code, e.reason]),
      [[code, reason]],
    );
    assert.equal(states().at(-1), `${media} stopped error`);
    assert.equal(track?.stopped, false, "the preview goes on");
  });
}

test("what may not be published on entering is an event, and the room is entered", async () => {
  await world.trtc.startLocalVideo();
  world.engine.prepare = (room) => void (room.localParticipant.refuse = forbidden());
  await world.enter();
  assert.deepEqual(
    world.of("error").map((e) => e.code),
    [-102013],
  );
});

test("a reconnection that puts publications back is no loss of a right", async () => {
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
  assert.deepEqual(world.of("error"), []);
  list.length = 0;
  world.room.emit(RoomEvent.Reconnected);
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
