import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { TRTC } from "../src/index.js";

/** Gives the page devices, or none, for one test. */
function equip(t: TestContext, mediaDevices?: object): void {
  const value = { language: "en", userAgent: "", mediaDevices };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  t.after(() => void Reflect.deleteProperty(globalThis, "navigator"));
}

const denied = Object.assign(new Error("Permission denied"), { name: "NotAllowedError" });

for (const list of ["getCameraList", "getMicrophoneList", "getSpeakerList"] as const) {
  test(`${list} rejects with our errors only`, async (t) => {
    equip(t);
    await assert.rejects(TRTC[list](), { name: "RtcError", code: 5200, extraCode: 5201 });
    equip(t, {
      enumerateDevices: async () => [],
      getUserMedia: () => Promise.reject(denied),
    });
    await assert.rejects(TRTC[list](), { name: "RtcError", code: 5300, extraCode: 5302 });
  });
}
