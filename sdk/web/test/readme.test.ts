import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { EVENT, TRTC } from "../src/index.js";
import { FakePublication, FakeUser, settle } from "./fakes.js";
import { place } from "./page.js";
import { refused, World } from "./world.js";

const [english, chinese] = ["README.md", "README.zh-CN.md"].map((f) => readFileSync(f, "utf8")) as [
  string,
  string,
];

/** The code that a text shows. */
const shown = (text: string) => [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map((m) => m[2]);

/** What a text says that is the same in every language: names, codes and the shape of it. */
function facts(text: string): string[] {
  const prose = text.replace(/^```[^]*?^```$/gm, "");
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map((m) => m[1]?.replace(/\s+/g, " "));
  const codes = [...prose.matchAll(/-?\b\d{4,6}\b/g)].map((m) => m[0]);
  return [...new Set([...spans, ...codes])].sort() as string[];
}

const shape = (text: string) =>
  [...text.matchAll(/^(#+|- |\|(?:[^|\n]*\|)+$)/gm)].map(([, line = ""]) =>
    line.startsWith("|") ? line.split("|").length : line,
  );

test("the README says the same in both languages", () => {
  assert.deepEqual(shown(chinese), shown(english));
  assert.deepEqual(shape(chinese), shape(english));
  assert.deepEqual(facts(chinese), facts(english));
  const left = [...chinese.matchAll(/^\|[^|]*\|\s*(yes|no)\s*\|/gm)];
  assert.deepEqual(left, [], "still in English");
});

test("the README names all there is, and what it says is not there is not", () => {
  const names = (of: object) =>
    Object.getOwnPropertyNames(of).filter((n) => typeof Reflect.get(of, n) === "function");
  const calls = [...names(TRTC.prototype), ...names(TRTC)].filter(
    (name) => !["constructor", "over"].includes(name), // over is for tests
  );
  for (const name of [...calls, ...Object.keys(EVENT)]) {
    assert.match(english, new RegExp(`\`(?:TRTC\\.)?${name}\``), name);
  }
  const missing = [...english.matchAll(/^\| (\S.*?) +\| no +\|/gm)].flatMap(
    ([, cell = ""]) => cell.match(/\w+/g) ?? [],
  );
  assert.ok(missing.includes("switchRoom"));
  for (const name of missing) assert.ok(!calls.includes(name), name);
});

/** Runs the README's example with a page around it. */
function run(world: World, more: object): Promise<void> {
  const code = (shown(english)[0] as string)
    .replace(/^import .*$/m, "")
    .replaceAll("TRTC.create()", "trtcOfThePage");
  const page = {
    TRTC,
    trtcOfThePage: world.trtc,
    sdkAppId: 1400000001,
    userId: "alice",
    userSig: "eJwSig",
    ...more,
  };
  return new Function(...Object.keys(page), `return (async () => {${code}})()`)(
    ...Object.values(page),
  ) as Promise<void>;
}

test("the README's example enters, is seen, sees, renews, and is told of the end", async () => {
  const [local, remote] = [place("local"), place("remote")];
  const world = new World();
  const told: unknown[][] = [];
  const show = (...all: unknown[]) => told.push(all);
  await run(world, { show, fetchUserSig: async () => "eJwNew" });
  assert.deepEqual(
    world.room.localParticipant.published.map((p) => p.track.source),
    ["microphone", "camera"],
  );
  assert.equal(local.children.length, 1);

  const video = new FakePublication("v1", "video", "camera");
  const bob = new FakeUser("bob", video);
  world.room.join(bob);
  world.room.deliver(bob, video);
  assert.equal(remote.children.length, 1);

  const expiring = { event: "expiring", expires_at: "2026-11-23T12:00:00Z", seconds: 30 };
  world.answer = () => Response.json({ expires_at: "2026-11-23T13:00:00Z", allow: 255 });
  world.room.data(expiring, "usersig");
  await settle();
  assert.match(world.asked.at(-1)?.credential ?? "", /eJwNew$/);

  world.answer = () => refused("revoked");
  world.room.drop(4);
  while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told[0]?.slice(0, 2), ["revoked", 70052]);
});

test("the README's example shows what the server refuses", async () => {
  const world = new World();
  const told: unknown[][] = [];
  world.engine.prepare = (room) => {
    const line = "usersig 70001 (-100018) expired: token has expired; remedy: issue a new one";
    room.answer = () => Promise.reject(new Error(line));
  };
  await run(world, { show: (...all: unknown[]) => told.push(all), fetchUserSig: () => "" });
  assert.deepEqual(told, [[70001, "expired", "token has expired", "issue a new one"]]);
});
