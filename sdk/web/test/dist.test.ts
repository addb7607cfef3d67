import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import vm from "node:vm";

const file = "dist/usersig-web.js";
// What of a browser's globals the file takes when it is loaded.
const globals = { DOMException, TextDecoder, TextEncoder, URL, performance, setTimeout };
const manifest = JSON.parse(readFileSync("package.json", "utf8"));

test("the single file makes one name, TRTC, and says whose work is in it", () => {
  const text = readFileSync(file, "utf8");
  const [banner = ""] = text.split("\n");
  assert.match(banner, /livekit-client 2\.23\.0 \(Apache-2\.0\)/);
  const page = vm.createContext({ ...globals, console });
  const before = Object.keys(page);
  vm.runInContext(text, page);
  const made = Object.keys(page).filter((name) => !before.includes(name));
  assert.ok(made.includes("TRTC"), String(made));
  assert.equal(vm.runInContext("TRTC.EVENT.KICKED_OUT", page), "kicked-out");
  assert.equal(vm.runInContext("TRTC.create() instanceof TRTC", page), true);
});

test("the single file is small enough to be part of a page", () => {
  assert.ok(statSync(file).size < 700_000, `${statSync(file).size} bytes`);
});

test("the licences of all that is in it lie beside it", () => {
  const licences = readFileSync("dist/usersig-web.LICENSES.txt", "utf8");
  for (const name of ["livekit-client 2.23.0", "@bufbuild/protobuf", "jose", "webrtc-adapter"]) {
    assert.ok(licences.includes(`\n${name}`) || licences.startsWith(name), name);
  }
  assert.match(licences, /Apache License\s+Version 2\.0/);
  assert.match(licences, /Buf Technologies/);
  assert.match(licences, /Google Inc/);
});

test("everything that package.json promises is there", async () => {
  const { types, import: module } = manifest.exports["."];
  for (const path of [types, module, manifest.exports["./usersig-web.js"], manifest.unpkg]) {
    assert.ok(statSync(path).isFile(), path);
  }
  const root = createRequire(import.meta.url).resolve("../package.json");
  const { default: TRTC, TrtcError } = await import(new URL(module, `file://${root}`).href);
  assert.equal(typeof TRTC.create, "function");
  assert.equal(typeof TrtcError, "function");
});

test("the types do not need those of livekit-client", () => {
  assert.doesNotMatch(readFileSync("dist/index.d.ts", "utf8"), /livekit/);
  assert.doesNotMatch(readFileSync("dist/trtc.d.ts", "utf8"), /livekit-client/);
});

test("livekit-client is fixed to the version whose inside we know", () => {
  assert.equal(manifest.dependencies["livekit-client"], "2.23.0");
});
