import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";

import { Door, serverOf } from "../src/door.js";
import { refused } from "./world.js";

/** Starts a server for one test and returns the door to it. */
async function door(t: TestContext, listener: RequestListener): Promise<Door> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return new Door(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

test("the credential travels in a header, by POST, and nothing else does", async (t) => {
  const seen: unknown[] = [];
  const d = await door(t, ({ method, url, headers }, reply) => {
    seen.push([method, url, headers.authorization, headers.cookie]);
    reply.writeHead(204).end();
  });
  assert.equal(await d.check("us1.x"), null);
  assert.deepEqual(seen, [["POST", "/rtc/check", "Bearer us1.x", undefined]]);
});

test("a refusal is told with its particulars", async (t) => {
  const body = await refused("revoked").text();
  const d = await door(t, (_, reply) => reply.writeHead(401).end(body));
  const refusal = await d.check("us1.x");
  assert.deepEqual([refusal?.code, refusal?.check], [70052, "revoked"]);
  await assert.rejects(d.renew("us1.x"), { code: 70052 });
});

test("a reply without a refusal is a server that cannot answer", async (t) => {
  const d = await door(t, (_, reply) => reply.writeHead(502).end("<html>"));
  assert.equal((await d.check("us1.x"))?.reason, "unavailable");
});

test("a server of something else is missing, and one that is only in trouble is not", async (t) => {
  const body = await refused("revoked").text();
  for (const [status, text, missing] of [
    [404, "404 page not found", true],
    [405, "", true],
    [204, undefined, false],
    [401, body, false],
    [503, "", false],
  ] as const) {
    const d = await door(t, (_, reply) => reply.writeHead(status).end(text));
    const found = await d.missing("us1.x");
    assert.equal(found?.reason, missing ? "unavailable" : undefined, String(status));
  }
  assert.equal(await new Door("http://127.0.0.1:1").missing("us1.x"), null);
});

test("a renewal of nobody is none", async (t) => {
  const d = await door(t, (_, reply) => reply.writeHead(404).end("usersig: no such user"));
  assert.equal(await d.renew("us1.x"), null);
});

test("a redirect is not followed: the credential would go with it", async (t) => {
  const paths: unknown[] = [];
  const d = await door(t, ({ url }, reply) => {
    paths.push(url);
    reply.writeHead(307, { location: "/elsewhere" }).end();
  });
  await assert.rejects(d.check("us1.x"), { reason: "network" });
  assert.deepEqual(paths, ["/rtc/check"]);
});

test("a server that says nothing is given up on", async () => {
  const late = Object.assign(new Error("late"), { name: "TimeoutError" });
  const d = new Door("http://a.example", () => Promise.reject(late));
  await assert.rejects(d.check("us1.x"), { code: -3308, reason: "timeout" });
});

test("addresses of a server", () => {
  assert.equal(serverOf("wss://a.example:8443/"), "https://a.example:8443");
  assert.equal(serverOf("http://[::1]:80/x//"), "http://[::1]/x");
});
