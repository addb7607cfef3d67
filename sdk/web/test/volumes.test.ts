import assert from "node:assert/strict";
import { test } from "node:test";

import { FakePublication, FakeUser } from "./fakes.js";
import { World } from "./world.js";

test("everybody's volume is told, the loudest first, as often as asked", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const world = new World();
  await world.enter();
  await world.trtc.startLocalAudio();
  const sound = new FakePublication("s1", "audio", "microphone");
  const bob = new FakeUser("bob", sound);
  world.room.join(bob);
  const heard = world.room.deliver(bob, sound);
  const { levels } = world.engine;
  levels.set(world.engine.tracks[0]?.mediaStreamTrack, 0.03).set(heard.mediaStreamTrack, 0.9);

  world.trtc.enableAudioVolumeEvaluation(500);
  t.mock.timers.tick(499);
  assert.deepEqual(world.of("audio-volume"), []);
  t.mock.timers.tick(1);
  const told = () => world.of("audio-volume").map((e) => e.result);
  assert.deepEqual(told(), [
    [
      { userId: "bob", volume: 100 },
      { userId: "", volume: 10 },
    ],
  ]);

  world.room.leave(bob);
  await world.trtc.stopLocalAudio();
  t.mock.timers.tick(500);
  assert.deepEqual(told().at(-1), []);
  assert.equal(world.engine.meters, 0, "who is gone is not measured");

  await world.trtc.startLocalAudio();
  world.trtc.enableAudioVolumeEvaluation(1000);
  t.mock.timers.tick(1000);
  assert.deepEqual([told().length, world.engine.meters], [3, 1]);
  world.trtc.enableAudioVolumeEvaluation(0);
  t.mock.timers.tick(5000);
  assert.deepEqual([told().length, world.engine.meters], [3, 0]);
  assert.throws(() => world.trtc.enableAudioVolumeEvaluation("1" as never), { code: 5000 });
});

test("a destroyed object measures nothing", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const world = new World();
  await world.trtc.startLocalAudio();
  world.trtc.enableAudioVolumeEvaluation();
  t.mock.timers.tick(2000);
  assert.equal(world.engine.meters, 1);
  world.trtc.destroy();
  t.mock.timers.tick(2000);
  assert.equal(world.engine.meters, 0);
});
