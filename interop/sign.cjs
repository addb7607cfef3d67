// Drives the official Node packages for the Go tests: one JSON request a line on standard input,
// one JSON answer a line on standard output, in the same order.
//
// A request names an API by its package and function, as in "v2.genPrivateMapKey"; `v1` is the npm
// package tls-sig-api and `v2` is tls-sig-api-v2. Bytes travel as base64.
'use strict';

// Whatever the packages print must not end up among the answers.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const v1 = require('tls-sig-api');
const v2 = require('tls-sig-api-v2');

const userbuf = (r) => Buffer.from(r.userbuf, 'base64');

function ecdsa(r) {
  return new v1.Sig({
    sdk_appid: r.app,
    expire_after: r.expire,
    private_key_string: r.private_key,
    public_key_string: r.public_key,
  });
}

function hmac(r) {
  return new v2.Api(r.app, r.secret);
}

const apis = {
  'v1.genSig': (r) => ({ token: ecdsa(r).genSig(r.user) }),
  'v1.genSigWithUserbuf': (r) => ({ token: ecdsa(r).genSigWithUserbuf(r.user, userbuf(r)) }),
  'v1.verifySig': (r) => ({ ok: ecdsa(r).verifySig(r.token, r.user) }),
  // False is a refusal; an empty userbuf is an empty string, which Node takes for false as well.
  'v1.verifySigWithUserbuf': (r) => {
    const text = ecdsa(r).verifySigWithUserbuf(r.token, r.user);
    return { ok: text !== false, text: text || '' };
  },
  'v2.genUserSig': (r) => ({ token: hmac(r).genUserSig(r.user, r.expire) }),
  'v2.genSig': (r) => ({ token: hmac(r).genSig(r.user, r.expire, userbuf(r)) }),
  'v2.genPrivateMapKey': (r) => ({
    token: hmac(r).genPrivateMapKey(r.user, r.expire, r.room, r.privileges),
  }),
  'v2.genPrivateMapKeyWithStringRoomID': (r) => ({
    token: hmac(r).genPrivateMapKeyWithStringRoomID(r.user, r.expire, r.room_name, r.privileges),
  }),
};

function serve(line) {
  try {
    const request = JSON.parse(line);
    const api = apis[request.api];
    if (!api) throw new Error(`no API ${request.api}`);
    return api(request);
  } catch (err) {
    return { error: String(err) };
  }
}

require('node:readline')
  .createInterface({ input: process.stdin })
  .on('line', (line) => answer(JSON.stringify(serve(line)) + '\n'));
