import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ConnectionError, DisconnectReason, RoomEvent } from "livekit-client";

import { TRTC, type KickReason } from "../src/index.js";
import { FakeRoom, FakeUser, settle } from "./fakes.js";
import { alice, aliceText, refused, World } from "./world.js";

let world: World;
beforeEach(() => {
  world = new World();
});

const line = "usersig 70052 (-100018) revoked: token was revoked; remedy: issue a new token";

test("entering connects to the page's own server and subscribes to nothing by itself", async () => {
  await world.enter();
  assert.equal(world.room.url, "https://page.example");
  assert.equal(world.room.engine.token, aliceText);
  assert.deepEqual(world.room.options, { autoSubscribe: false });
  const states = world.of("connection-state-changed").map((e) => `${e.prevState}>${e.state}`);
  assert.deepEqual(states, ["DISCONNECTED>CONNECTING", "CONNECTING>CONNECTED"]);
});

test("the server of enterRoom comes before that of create", async () => {
  const trtc = TRTC.over(world.engine, { server: "wss://a.example/" });
  await trtc.enterRoom(alice);
  assert.equal(world.room.url, "https://a.example");
  await trtc.exitRoom();
  await trtc.enterRoom({ ...alice, server: "http://127.0.0.1:8080/media/" });
  assert.equal(world.room.url, "http://127.0.0.1:8080/media");
});

for (const server of [
  "",
  "rtc.example",
  "ftp://a.example",
  "https://u:p@a.example",
  "https://a/?q",
]) {
  test(`a server that is none is refused: ${JSON.stringify(server)}`, async () => {
    await assert.rejects(world.enter({ server }), { code: 5000, extraCode: 5005 });
    assert.throws(() => TRTC.create({ server }), { code: 5000 });
    assert.equal(world.engine.rooms.length, 0);
  });
}

test("a refusal has the server's code, and another room can be entered after it", async () => {
  world.engine.prepare = (room) => {
    room.answer = () => Promise.reject(ConnectionError.notAllowed(`could not: ${line}`, 401));
  };
  await assert.rejects(world.enter(), {
    name: "RtcError",
    code: 70052,
    trtc: -100018,
    reason: "revoked",
    message: "token was revoked",
    remedy: "issue a new token",
  });
  assert.deepEqual(world.of("kicked-out"), []);
  assert.deepEqual(world.asked, [], "the refusal was known already");
  world.engine.prepare = () => undefined;
  await world.enter();
});

test("what LiveKit does not pass on is asked for", async () => {
  world.answer = () => refused("too_many_failures", 429);
  world.engine.prepare = (room) => {
    room.answer = () => Promise.reject(ConnectionError.internal("unknown websocket error"));
  };
  await assert.rejects(world.enter(), { code: 70050, reason: "too_many_failures" });
  assert.deepEqual(world.asked, [{ url: "https://page.example/rtc/check", credential: aliceText }]);
});

test("no connection is an error of the network", async () => {
  const cases: [ConnectionError, number, string][] = [
    [ConnectionError.serverUnreachable("failed to fetch"), -3301, "network"],
    [ConnectionError.timeout("room connection has timed out (signal)"), -3308, "timeout"],
    [ConnectionError.internal("one connection too many"), -3301, "unavailable"],
  ];
  for (const [thrown, code, reason] of cases) {
    world.engine.prepare = (room) => {
      room.answer = () => Promise.reject(thrown);
    };
    await assert.rejects(world.enter(), { code, reason });
  }
});

test("entering ends within a bound, whatever LiveKit does, and the room with it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  world.engine.prepare = (room) => {
    room.answer = () => new Promise(() => undefined);
  };
  const entering = assert.rejects(world.enter(), { code: -3308, reason: "timeout" });
  await settle();
  t.mock.timers.tick(40_000);
  await entering;
  assert.equal(world.room.state, "disconnected");
  world.engine.prepare = () => undefined;
  await world.enter();
});

test("an event that is not here is refused", () => {
  const { on } = world.trtc as unknown as { on: (event: unknown, handler: unknown) => void };
  const { NETWORK_QUALITY } = TRTC.EVENT as Record<string, string>;
  for (const event of [NETWORK_QUALITY, "network-quality", "toString", 1]) {
    assert.throws(() => on.call(world.trtc, event, () => undefined), {
      code: 5000,
      extraCode: 5005,
    });
  }
  assert.throws(() => on.call(world.trtc, "error", undefined), { code: 5000, extraCode: 5002 });
});

test("a scene of TRTC's is taken, and one that is none is refused", async () => {
  await assert.rejects(world.enter({ scene: "call" }), { code: 5000, extraCode: 5005 });
  await world.enter({ scene: TRTC.TYPE.SCENE_LIVE, role: TRTC.TYPE.ROLE_AUDIENCE });
  await assert.rejects(world.trtc.startLocalAudio(), { extraCode: 5107 });
});

test("a second room needs the first to be left", async () => {
  await world.enter();
  await assert.rejects(world.enter(), { code: 5100, extraCode: 5104, trtc: -3340 });
  await world.trtc.exitRoom();
  await world.enter({ roomId: 9 });
  assert.equal(world.engine.rooms.length, 2);
});

test("leaving while entering ends both", async () => {
  world.engine.prepare = (room: FakeRoom) => {
    room.answer = () =>
      new Promise((_, reject) => {
        room.disconnect = async () => reject(ConnectionError.cancelled("left"));
      });
  };
  const entering = world.enter();
  await settle();
  await world.trtc.exitRoom();
  await assert.rejects(entering, { code: 5998, reason: "aborted" });
});

test("leaving tells nobody that they were kicked out", async () => {
  await world.enter();
  await world.trtc.exitRoom();
  await world.trtc.exitRoom();
  assert.deepEqual(world.of("kicked-out"), []);
  assert.deepEqual(world.of("error"), []);
  assert.equal(world.of("connection-state-changed").at(-1)?.state, "DISCONNECTED");
});

test("a reconnection is CONNECTING, and said to be one", async () => {
  await world.enter();
  world.room.become("signalReconnecting");
  world.room.become("reconnecting");
  world.room.become("connected");
  const [lost, back] = world.of("connection-state-changed").slice(2);
  assert.deepEqual(lost, { prevState: "CONNECTED", state: "CONNECTING", isReconnecting: true });
  assert.deepEqual(back, { prevState: "CONNECTING", state: "CONNECTED", isReconnecting: false });
});

const kicks: [string, DisconnectReason | undefined, () => Response, KickReason, number][] = [
  ["a second login", DisconnectReason.DUPLICATE_IDENTITY, () => refused("expired"), "kick", 6208],
  [
    "the end of the room",
    DisconnectReason.ROOM_DELETED,
    () => refused("expired"),
    "room_disband",
    -102005,
  ],
  ["an operator", DisconnectReason.PARTICIPANT_REMOVED, ok, "banned", -102018],
  ["a block", DisconnectReason.PARTICIPANT_REMOVED, () => refused("blocked", 403), "banned", 70051],
  [
    "a revocation",
    DisconnectReason.PARTICIPANT_REMOVED,
    () => refused("revoked"),
    "revoked",
    70052,
  ],
  ["expiry", DisconnectReason.PARTICIPANT_REMOVED, () => refused("expired"), "expired", 70001],
  [
    "the app's end",
    DisconnectReason.PARTICIPANT_REMOVED,
    () => refused("app_unknown"),
    "app_unknown",
    70020,
  ],
  [
    "a lock on the user",
    DisconnectReason.PARTICIPANT_REMOVED,
    () => refused("too_many_failures", 429),
    "banned",
    -102018,
  ],
  [
    "an operator, who emptied the room",
    DisconnectReason.PARTICIPANT_REMOVED,
    () => refused("no_right_create", 403),
    "banned",
    -102018,
  ],
  [
    "somebody, of a server that is gone",
    DisconnectReason.PARTICIPANT_REMOVED,
    gone,
    "banned",
    -102018,
  ],
  ["a refused reconnection", undefined, () => refused("expired"), "expired", 70001],
];

for (const [name, reason, answer, kick, code] of kicks) {
  test(`kicked out by ${name}: ${kick}, ${code}`, async () => {
    await world.enter();
    world.answer = answer;
    world.room.drop(reason);
    await until(() => world.of("kicked-out").length > 0);
    const [event] = world.of("kicked-out");
    assert.equal(event?.reason, kick);
    assert.equal(event?.code, code);
    assert.ok(event?.message && event.remedy);
    assert.deepEqual(world.of("error"), []);
    world.answer = ok;
    await world.enter();
  });
}

for (const [name, answer, reason] of [
  ["the server is well", ok, "network"],
  ["the server is gone", gone, "network"],
  ["the server is busy", () => new Response("busy", { status: 503 }), "unavailable"],
] as const) {
  test(`a connection lost for good is an error: ${name}`, async () => {
    await world.enter();
    world.answer = answer;
    world.room.drop(DisconnectReason.SIGNAL_CLOSE);
    await until(() => world.of("error").length > 0);
    assert.deepEqual(
      world.of("error").map((e) => [e.code, e.reason]),
      [[-3301, reason]],
    );
    assert.deepEqual(world.of("kicked-out"), []);
  });
}

test("who leaves while the cause is looked for is not told of it", async () => {
  await world.enter();
  let tell: (r: Response) => void = () => undefined;
  world.answer = () => new Promise<Response>((resolve) => (tell = resolve));
  world.room.drop(DisconnectReason.PARTICIPANT_REMOVED);
  await settle();
  await world.trtc.exitRoom();
  tell(refused("revoked"));
  await settle();
  assert.deepEqual(world.of("kicked-out"), []);
});

test("a room can be entered again before the cause of the end is known", async () => {
  await world.trtc.startLocalAudio();
  await world.enter();
  let tell: (r: Response) => void = () => undefined;
  world.answer = () => new Promise<Response>((resolve) => (tell = resolve));
  world.room.drop(DisconnectReason.PARTICIPANT_REMOVED);
  await settle();
  await world.enter({ roomId: 9 });
  tell(refused("revoked"));
  await turns();
  assert.deepEqual([world.of("kicked-out"), world.of("error")], [[], []]);
  assert.equal(world.room.localParticipant.published.length, 1);
  await world.trtc.switchRole("audience");
  assert.equal(world.of("connection-state-changed").at(-1)?.state, "CONNECTED");
});

test("a handler that hears of the end may enter again", async () => {
  await world.trtc.startLocalAudio();
  await world.enter();
  let again: Promise<void> | undefined;
  world.trtc.on("connection-state-changed", ({ state }) => {
    if (state === "DISCONNECTED") again ??= world.enter({ roomId: 9 });
  });
  world.room.drop(DisconnectReason.SIGNAL_CLOSE);
  await again;
  assert.equal(world.engine.rooms.length, 2);
  assert.equal(world.room.localParticipant.published.length, 1);
  assert.deepEqual(world.asked, [], "nobody asks why the stay before has ended");
});

test("who was dropped is in no room, and may be destroyed", async () => {
  await world.enter();
  world.answer = () => new Promise<Response>(() => undefined);
  world.room.drop(DisconnectReason.PARTICIPANT_REMOVED);
  await assert.rejects(world.trtc.switchRole("audience"), { code: 5100, extraCode: 5101 });
  world.trtc.destroy();
});

test("the server's notice of expiry becomes an event", async () => {
  await world.enter();
  world.room.data(
    { event: "expiring", expires_at: "2026-11-23T12:00:00Z", seconds: 30 },
    "usersig",
  );
  assert.deepEqual(world.of("usersig-expiring"), [
    { expiresAt: new Date("2026-11-23T12:00:00Z"), seconds: 30 },
  ]);
});

test("a participant cannot fake the server's notices", async () => {
  await world.enter();
  world.room.join(new FakeUser("mallory"));
  const said = { event: "expiring", expires_at: "2026-11-23T12:00:00Z", seconds: 30 };
  world.room.data(said, "usersig", "mallory");
  // One who has left, or has not yet been seen, is no participant that LiveKit's SDK knows.
  world.room.data(said, "usersig", "ghost");
  world.room.data({ event: "rights", allow: 255 }, "usersig", "ghost");
  world.room.data(said, "chat");
  world.room.data(said, "");
  assert.deepEqual(world.of("usersig-expiring"), []);
  assert.deepEqual(world.of("rights-changed"), []);
});

test("what is no notice is ignored", async () => {
  await world.enter();
  for (const said of [
    "",
    "{",
    "null",
    "7",
    [],
    {},
    { event: "other" },
    { event: "rights", allow: "255" },
    { event: "expiring", seconds: 30 },
    { event: "expiring", expires_at: "soon", seconds: 30 },
    { event: "expiring", expires_at: "2026-11-23T12:00:00Z" },
  ]) {
    world.room.data(said, "usersig");
  }
  assert.deepEqual(world.of("usersig-expiring"), []);
  assert.deepEqual(world.of("rights-changed"), []);
});

const renewal = { expires_at: "2026-11-23T13:00:00Z", allow: 42 };

/** Renews as the server does, which first takes away the right to send. */
function renewed(): Response {
  world.room.permit();
  return Response.json(renewal);
}

test("a renewal keeps the user in and is shown at the next reconnection", async () => {
  await world.enter({ privateMapKey: "eJwKey" });
  world.answer = renewed;
  const done = await world.trtc.renew({ userSig: "eJwNew" });
  assert.deepEqual(done, { expiresAt: new Date(renewal.expires_at), allow: 42 });
  const fresh = "us1.1400000001.YWxpY2U.n8888.eJwNew.eJwKey";
  assert.deepEqual(world.asked, [{ url: "https://page.example/rtc/renew", credential: fresh }]);
  assert.equal(world.room.engine.token, fresh);
  assert.deepEqual(world.of("rights-changed"), [{ allow: 42 }]);
  // The cause of a removal is asked for with it, too: the old one would always be expired.
  world.answer = ok;
  world.room.drop(DisconnectReason.PARTICIPANT_REMOVED);
  await until(() => world.of("kicked-out").length > 0);
  assert.equal(world.asked.at(-1)?.credential, fresh);
});

test("a refused renewal changes nothing", async () => {
  await world.enter();
  world.answer = () => refused("user_mismatch");
  await assert.rejects(world.trtc.renew({ userSig: "eJwBob" }), { code: 70013 });
  assert.equal(world.room.engine.token, aliceText);
  world.answer = () => new Response("<html>", { status: 200 });
  await assert.rejects(world.trtc.renew({ userSig: "eJwNew" }), { reason: "unavailable" });
  await assert.rejects(world.trtc.renew({}), { code: 5000 });
  await assert.rejects(world.trtc.renew({ userSig: "a.b" }), { code: 5000 });
  assert.equal(world.room.engine.token, aliceText);
  assert.equal(world.asked.length, 2);
});

test("a renewal waits until LiveKit knows the rights, but not for ever", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await world.enter();
  world.answer = () => Response.json({ ...renewal, allow: 2 | 8 | 16 });
  let done = false;
  const finish = () => (done = true);
  const renewing = world.trtc.renew({ userSig: "eJwNew" }).then(finish);
  await turns();
  world.room.permit(1, 2);
  await turns();
  assert.equal(done, false);
  world.room.permit(1);
  await renewing;
  done = false;
  world.answer = renewed;
  await world.trtc.renew({ userSig: "eJwNew" });
  world.answer = () => Response.json({ ...renewal, allow: 255 });
  const late = world.trtc.renew({ userSig: "eJwNew" }).then(finish);
  await turns();
  assert.equal(done, false);
  t.mock.timers.tick(2000);
  await late;
  world.room.localParticipant.permissions.canPublish = true; // no list of sources means all
  await world.trtc.renew({ userSig: "eJwNew" });
});

test("a renewal that a reconnection interrupts is made again for the new connection", async () => {
  await world.enter();
  world.answer = () => {
    world.room.become("reconnecting"); // to take rights away; it may show the old credential
    world.answer = renewed;
    return renewed();
  };
  const renewing = world.trtc.renew({ userSig: "eJwNew" });
  await turns();
  assert.equal(world.asked.length, 1);
  world.room.become("connected");
  world.room.emit(RoomEvent.Reconnected);
  await renewing;
  assert.deepEqual(
    world.asked.map((a) => a.url.slice(-10)),
    ["/rtc/renew", "/rtc/renew"],
  );
});

test("a renewal while nobody is there is made when the user is back", async () => {
  await world.enter();
  world.room.become("reconnecting");
  world.answer = () => new Response("usersig: no such user", { status: 404 });
  const renewing = world.trtc.renew({ userSig: "eJwNew" });
  await turns();
  assert.match(world.room.engine.token ?? "", /eJwNew$/, "the reconnection shows it");
  world.answer = renewed;
  world.room.become("connected");
  world.room.emit(RoomEvent.Reconnected);
  assert.equal((await renewing).allow, 42);
});

test("a renewal ends with the stay, and needs one that the server knows", async () => {
  await world.enter();
  world.answer = () => new Response("usersig: no such user", { status: 404 });
  await assert.rejects(world.trtc.renew({ userSig: "eJwNew" }), { code: 5100 });
  assert.equal(world.room.engine.token, aliceText);
  world.room.become("reconnecting");
  const renewing = world.trtc.renew({ userSig: "eJwNew" });
  await turns();
  world.answer = ok;
  world.room.drop(undefined);
  await assert.rejects(renewing, { code: 5998 });
});

test("a renewal ends at once with the stay, whatever the server still says", async () => {
  await world.enter();
  const told: ((r: Response) => void)[] = [];
  world.answer = () => new Promise<Response>((resolve) => told.push(resolve));
  const renewing = world.trtc.renew({ userSig: "eJwNew" });
  await settle();
  world.room.drop(DisconnectReason.PARTICIPANT_REMOVED);
  await assert.rejects(renewing, { code: 5998 });
  assert.deepEqual(world.of("kicked-out"), [], "the cause is not even known");
  told[0]?.(Response.json(renewal));
  await turns();
  assert.equal(world.room.engine.token, aliceText, "nothing is adopted for a stay that is over");
  told[1]?.(refused("expired"));
  await until(() => world.of("kicked-out").length > 0);
});

test("a renewal between the end of the stay and its cause is refused", async () => {
  await world.enter();
  world.answer = () => new Promise<Response>(() => undefined);
  world.room.drop(DisconnectReason.PARTICIPANT_REMOVED);
  await assert.rejects(world.trtc.renew({ userSig: "eJwNew" }), { code: 5100, extraCode: 5101 });
});

test("a renewal does not wait for ever for a reconnection", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await world.enter();
  world.room.become("reconnecting");
  world.answer = () => new Response("usersig: no such user", { status: 404 });
  const renewing = world.trtc.renew({ userSig: "eJwNew" });
  await turns();
  t.mock.timers.tick(15_000);
  await assert.rejects(renewing, { code: -3308, reason: "timeout" });
  assert.match(
    world.room.engine.token ?? "",
    /eJwNew$/,
    "a later reconnection shows it all the same",
  );
});

test("a renewal that comes after leaving is none", async () => {
  await world.enter();
  let tell: (r: Response) => void = () => undefined;
  world.answer = () => new Promise<Response>((resolve) => (tell = resolve));
  const renewing = world.trtc.renew({ userSig: "eJwNew" });
  await settle();
  await world.trtc.exitRoom();
  tell(Response.json(renewal));
  await assert.rejects(renewing, { code: 5998 });
  assert.equal(world.room.engine.token, aliceText);
});

test("rights are told once for each change", async () => {
  await world.enter();
  for (const allow of [255, 255, 42]) world.room.data({ event: "rights", allow }, "usersig");
  assert.deepEqual(world.of("rights-changed"), [{ allow: 255 }, { allow: 42 }]);
});

test("what needs a room is refused without one", async () => {
  const outside = { code: 5100, extraCode: 5101 };
  await assert.rejects(world.trtc.renew({ userSig: "eJwNew" }), outside);
  await assert.rejects(world.trtc.switchRole("audience"), outside);
  const video = { userId: "bob", streamType: "main" } as const;
  await assert.rejects(world.trtc.startRemoteVideo(video), outside);
  await assert.rejects(world.trtc.updateRemoteVideo(video), outside);
  await world.trtc.stopRemoteVideo({ userId: "*" });
});

test("a destroyed object cannot be used, and a room must be left first", async () => {
  await world.enter();
  assert.throws(() => world.trtc.destroy(), { code: 5100 });
  await world.trtc.exitRoom();
  await world.trtc.startLocalAudio();
  world.trtc.destroy();
  assert.equal(world.engine.tracks[0]?.stopped, true);
  await assert.rejects(world.enter(), { code: 5100 });
  await assert.rejects(world.trtc.startLocalAudio(), { code: 5100 });
});

test("a handler that throws stops no other", async (t) => {
  t.mock.method(console, "error", () => undefined);
  const trtc = TRTC.over(world.engine);
  const heard: unknown[] = [];
  const gone = () => heard.push("gone");
  const self = {};
  trtc.on("connection-state-changed", () => {
    throw new Error("mine");
  });
  trtc.on("connection-state-changed", gone).off("connection-state-changed", gone);
  trtc.on(
    "connection-state-changed",
    function (this: unknown, e) {
      heard.push(this === self && e.state);
    },
    self,
  );
  await trtc.enterRoom(alice);
  assert.deepEqual(heard, ["CONNECTING", "CONNECTED"]);
  trtc.off("*");
  await trtc.exitRoom();
  assert.equal(heard.length, 2);
});

function ok(): Response {
  return new Response(null, { status: 204 });
}

function gone(): Response {
  throw new TypeError("fetch failed");
}

/** Lets replies be read, which takes more than promises. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for what needs more than promises, as reading a body does. */
async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !done(); i++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(done());
}
