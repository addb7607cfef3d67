// The real livekit-client, as far as it goes without a browser: what we rely on in it beside its
// documented interface would else be noticed by nobody when its version is raised.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, test } from "node:test";

import { ConnectionErrorReason, LogLevel, Room, setLogLevel } from "livekit-client";

import { setToken } from "../src/engine.js";
import { TRTC } from "../src/index.js";
import { alice, aliceText } from "./world.js";

/** A WebSocket that is refused, as every one is to which the server says 401. */
class RefusedSocket extends EventTarget {
  static readonly CLOSED = 3;
  static opened: URL[] = [];
  readonly readyState = RefusedSocket.CLOSED;

  constructor(url: string) {
    super();
    RefusedSocket.opened.push(new URL(url));
    setImmediate(() => {
      this.dispatchEvent(new Event("error"));
      this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" }));
    });
  }

  close(): void {}
}

let server: Server;
let origin: string;
let answer: { status: number; text: string };
let asked: URL[] = [];

before(async () => {
  class RTCPeerConnection {
    addTransceiver(): void {}
  }
  Object.assign(globalThis, { WebSocket: RefusedSocket, RTCPeerConnection });
  Reflect.deleteProperty(globalThis, "document"); // livekit-client takes it for a browser
  Reflect.deleteProperty(globalThis, "CompressionStream"); // else it makes an offer before it asks
  const navigator = { userAgent: "", product: "", language: "en" };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  server = createServer((request, reply) => {
    asked.push(new URL(request.url ?? "", origin));
    reply.writeHead(answer.status, { "content-type": "text/plain" }).end(answer.text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());
afterEach(() => {
  RefusedSocket.opened = [];
  asked = [];
});

const tokens = (urls: URL[]) => urls.map((url) => url.searchParams.get("access_token"));
const expired =
  "usersig 70001 (-100018) expired: token has expired: 2 hours ago; remedy: issue a new one\n";

test("a refusal comes through livekit-client whole", async () => {
  answer = { status: 401, text: expired };
  await assert.rejects(TRTC.create({ server: origin }).enterRoom(alice), {
    name: "RtcError",
    code: 70001,
    trtc: -100018,
    reason: "expired",
    message: "token has expired: 2 hours ago",
    remedy: "issue a new one",
  });
  assert.deepEqual(tokens(RefusedSocket.opened), [aliceText]);
  assert.deepEqual(
    RefusedSocket.opened.map((url) => url.pathname),
    ["/rtc/v1"],
  );
  assert.deepEqual(
    asked.map((url) => url.pathname),
    ["/rtc/v1/validate"],
  );
});

test("a lock, of which livekit-client says nothing, is asked for", async () => {
  const refusal = {
    code: 70050,
    trtc: -100018,
    reason: "too_many_failures",
    message: "m",
    remedy: "r",
  };
  answer = { status: 429, text: JSON.stringify(refusal) };
  await assert.rejects(TRTC.create({ server: origin }).enterRoom(alice), { code: 70050 });
  assert.deepEqual(
    asked.map((url) => url.pathname),
    ["/rtc/v1/validate", "/rtc/check"],
  );
});

test("a server that is not there is an error of the network", async () => {
  const trtc = TRTC.create({ server: "http://127.0.0.1:1" });
  await assert.rejects(trtc.enterRoom(alice), { code: -3301, reason: "network" });
});

test("a server without audio and video ends the attempt, and gets no credential after it", async () => {
  setLogLevel(LogLevel.silent);
  answer = { status: 404, text: "404 page not found\n" };
  await assert.rejects(TRTC.create({ server: origin }).enterRoom(alice), {
    code: -3301,
    reason: "unavailable",
    message: /no audio\/video server at this address/,
  });
  const shown = () => asked.length + RefusedSocket.opened.length;
  const atMost = shown() + 2; // what is under way: one WebSocket, and the question after it
  await new Promise((resolve) => setTimeout(resolve, 300));
  const then = shown();
  assert.ok(then <= atMost, `${then} requests, and not ${atMost}`);
});

/** The parts of livekit-client's engine that a reconnection goes through. */
interface Engine {
  url: string;
  token?: string;
  signalOpts: object;
  pcManager: object;
  client: { reconnect: (url: string, token: string) => Promise<never> };
  restartConnection: (signal: AbortSignal) => Promise<void>;
  resumeConnection: () => Promise<void>;
}

test("a renewed credential is what livekit-client reconnects with", async () => {
  setLogLevel(LogLevel.silent);
  answer = { status: 401, text: expired };
  const room = new Room({ singlePeerConnection: false });
  const engine = room.engine as unknown as Engine;
  Object.assign(engine, { url: origin, token: "old", signalOpts: { websocketTimeout: 1000 } });
  setToken(room, "new");

  await assert.rejects(engine.restartConnection(new AbortController().signal), /expired/);
  assert.deepEqual(tokens(RefusedSocket.opened), ["new"], "a full reconnection");

  engine.pcManager = {};
  const shown: string[] = [];
  engine.client.reconnect = async (_url, token) => {
    shown.push(token);
    throw new Error("enough");
  };
  await assert.rejects(engine.resumeConnection(), /enough/);
  assert.deepEqual(shown, ["new"], "a resumption");
});

test("a livekit-client that keeps its token elsewhere is noticed", () => {
  assert.throws(() => setToken(new Room(), "new"), { code: 5500 });
});

test("the reasons of livekit-client's errors are those we branch on", () => {
  const { Cancelled, InternalError, NotAllowed, Timeout, WebSocket } = ConnectionErrorReason;
  assert.ok([Cancelled, InternalError, NotAllowed, Timeout, WebSocket].every((r) => r >= 0));
});
