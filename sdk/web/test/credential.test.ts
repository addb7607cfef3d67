import assert from "node:assert/strict";
import { test } from "node:test";

import { credentialOf, credentialText, renewed } from "../src/credential.js";
import { TrtcError, type EnterRoomConfig } from "../src/index.js";
import { alice, aliceText } from "./world.js";

const text = (config: EnterRoomConfig) => credentialText(credentialOf(config));

test("a credential is written as the server reads it", () => {
  assert.equal(text(alice), aliceText);
  const named = { ...alice, roomId: undefined, strRoomId: "8888" };
  assert.equal(text(named), "us1.1400000001.YWxpY2U.sODg4OA.eJwSig");
  const chinese = { ...named, userId: "张三", strRoomId: "大厅 a/b", privateMapKey: "eJwKey" };
  assert.equal(text(chinese), "us1.1400000001.5byg5LiJ.s5aSn5Y6FIGEvYg.eJwSig.eJwKey");
});

test("roomId comes first if both are given", () => {
  assert.match(text({ ...alice, strRoomId: "lobby" }), /\.n8888\./);
});

test("a line break that an issuer left at the end is forgiven", () => {
  assert.equal(text({ ...alice, userSig: "eJwSig\n" }), aliceText);
});

test("the bounds are inside", () => {
  text({ ...alice, sdkAppId: 4294967295, roomId: 4294967294, userId: "é".repeat(127) + "a" });
  text({ ...alice, roomId: undefined, strRoomId: "é".repeat(32), userSig: "a".repeat(8192) });
  text({ ...alice, userId: "\uFEFFa" });
});

const wrong: [string, object, number, number][] = [
  ["no sdkAppId", { sdkAppId: undefined }, 5001, -3317],
  ["sdkAppId as text", { sdkAppId: "1400000001" }, 5002, -3317],
  ["sdkAppId 0", { sdkAppId: 0 }, 5005, -3317],
  ["sdkAppId with a fraction", { sdkAppId: 1.5 }, 5005, -3317],
  ["sdkAppId of 33 bits", { sdkAppId: 4294967296 }, 5005, -3317],
  ["no userId", { userId: undefined }, 5001, -3319],
  ["userId as number", { userId: 7 }, 5002, -3319],
  ["empty userId", { userId: "" }, 5003, -3319],
  ["userId of 256 bytes", { userId: "é".repeat(128) }, 5005, -3319],
  ["userId with a line break", { userId: "a\nb" }, 5005, -3319],
  ["userId with half a character", { userId: "a\ud800" }, 5005, -3319],
  ["no room", { roomId: undefined }, 5015, -3318],
  ["roomId as text", { roomId: "8888" }, 5016, -3318],
  ["roomId 0", { roomId: 0 }, 5012, -3318],
  ["roomId NaN", { roomId: NaN }, 5012, -3318],
  ["roomId 4294967295", { roomId: 4294967295 }, 5012, -3318],
  ["empty strRoomId", { roomId: undefined, strRoomId: "" }, 5013, -3318],
  ["strRoomId as number", { roomId: undefined, strRoomId: 8888 }, 5013, -3318],
  ["strRoomId of 65 bytes", { roomId: undefined, strRoomId: "a".repeat(65) }, 5013, -3318],
  ["no userSig", { userSig: undefined }, 5001, -3320],
  ["userSig as number", { userSig: 1 }, 5002, -3320],
  ["empty userSig", { userSig: "" }, 5003, -3320],
  ["userSig of white space", { userSig: " \n" }, 5003, -3320],
  ["userSig of 8193 characters", { userSig: "a".repeat(8193) }, 5008, -3320],
  ["userSig with a full stop", { userSig: "a.b" }, 5005, -3320],
  ["userSig with a line break inside", { userSig: "a\r\nb" }, 5005, -3320],
  ["privateMapKey with a full stop", { privateMapKey: "a.b" }, 5005, -100006],
];

for (const [name, change, extraCode, trtc] of wrong) {
  test(`refused without a request: ${name}`, () => {
    const config = { ...alice, ...change } as EnterRoomConfig;
    assert.throws(
      () => credentialOf(config),
      (e: TrtcError) => {
        assert.ok(e instanceof TrtcError);
        assert.equal(e.name, "RtcError");
        const { code, reason } = e;
        assert.deepEqual(
          { code, extraCode: e.extraCode, trtc: e.trtc, reason },
          {
            code: 5000,
            extraCode,
            trtc,
            reason: "invalid_parameter",
          },
        );
        return true;
      },
    );
  });
}

test("a renewal replaces what is given and nothing else", () => {
  const old = credentialOf({ ...alice, privateMapKey: "eJwKey" });
  assert.match(credentialText(renewed(old, "eJwNew")), /\.n8888\.eJwNew\.eJwKey$/);
  assert.match(credentialText(renewed(old, undefined, "eJwK2")), /\.n8888\.eJwSig\.eJwK2$/);
  assert.throws(() => renewed(old), { extraCode: 5001 });
  assert.throws(() => renewed(old, "a.b"), { extraCode: 5005 });
});
