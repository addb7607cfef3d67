import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { REASONS, TrtcError } from "../src/index.js";
import { fail, LOCAL_REASONS } from "../src/error.js";
import { refusalInJSON, refusalInText } from "../src/refusal.js";
// @ts-expect-error it is a script without types
import { source } from "../scripts/reasons.mjs";

const page = readFileSync("../../docs/errors.md", "utf8");

test("src/reasons.ts is what docs/errors.md makes it", async () => {
  assert.equal(readFileSync("src/reasons.ts", "utf8"), await source(page), "run npm run gen");
});

test("every reason in the table of docs/errors.md is known with its codes", () => {
  const rows = [...page.matchAll(/^\| (-?\d+) \| (-?\d+) \| `(\w+)` \| (\w+) \| (.+?) \|/gm)];
  const english = rows.filter((row) => /^[\x20-\x7e]+$/.test(row[5] as string));
  assert.equal(english.length, Object.keys(REASONS).length);
  for (const [, code, trtc, name, check, text] of english) {
    const info = REASONS[name as keyof typeof REASONS];
    assert.deepEqual(
      [info.code, info.trtc, info.check, info.text.en],
      [Number(code), Number(trtc), check, text],
    );
    assert.match(info.text.zh, /[一-龥]/);
    assert.match(info.remedy.zh, /[一-龥]/);
  }
});

test("a refusal is found in the message of LiveKit's error", () => {
  const line =
    "usersig 70001 (-100018) expired: token has expired: 2 hours ago; remedy: issue a new token; if";
  const found = refusalInText(`could not establish signal connection: ${line}\n`);
  assert.ok(found instanceof TrtcError);
  const { code, trtc, reason, message, remedy, name } = found;
  assert.deepEqual(
    { code, trtc, reason, message, remedy, name },
    {
      code: 70001,
      trtc: -100018,
      reason: "expired",
      message: "token has expired: 2 hours ago",
      remedy: "issue a new token; if",
      name: "RtcError",
    },
  );
});

test("a refusal is found in Chinese, and with a negative code", () => {
  const found = refusalInText(
    "usersig -102011 (-102011) no_right_enter: 没有进入房间的权限; remedy: 请签发",
  );
  assert.deepEqual(
    [found?.code, found?.message, found?.remedy],
    [-102011, "没有进入房间的权限", "请签发"],
  );
});

test("the remedy begins at the last mark", () => {
  const found = refusalInText("usersig 70013 (-100018) user_mismatch: a; remedy: b; remedy: c");
  assert.deepEqual([found?.message, found?.remedy], ["a; remedy: b", "c"]);
});

test("a server that cannot decide is unavailable", () => {
  const found = refusalInText("x: usersig unavailable: the server cannot answer now; try again");
  assert.equal(found?.reason, "unavailable");
});

test("anything else is no refusal", () => {
  for (const text of [
    "",
    "could not establish signal connection",
    "usersig x (y) z: a; remedy: b",
  ]) {
    assert.equal(refusalInText(text), null, text);
  }
});

test("a refusal is read from a body of JSON", () => {
  const found = refusalInJSON({
    code: 70052,
    trtc: -100018,
    reason: "revoked",
    message: "m",
    remedy: "r",
    check: "revoked",
  });
  assert.deepEqual([found?.code, found?.reason, found?.check], [70052, "revoked", "revoked"]);
  for (const body of [null, "x", [], {}, { code: "70052", reason: "revoked" }, { code: 1 }]) {
    assert.equal(refusalInJSON(body), null);
  }
});

test("errors speak the language of the browser", (t) => {
  const speak = (language: string) =>
    Object.defineProperty(globalThis, "navigator", { value: { language }, configurable: true });
  t.after(() => speak("en-US"));
  speak("zh-CN");
  assert.equal(fail("no_right_send_video").message, REASONS.no_right_send_video.text.zh);
  assert.equal(fail("removed").remedy, LOCAL_REASONS.removed.remedy.zh);
  speak("en-GB");
  assert.equal(fail("no_right_send_video").message, REASONS.no_right_send_video.text.en);
});
