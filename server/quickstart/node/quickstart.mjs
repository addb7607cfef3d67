// Asks usersigd for a UserSig and a PrivateMapKey, and checks a token.
//
// node quickstart.mjs USERID ROOM, with Node 20 or later and nothing else.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const needed = ['USERSIG_URL', 'USERSIG_APP', 'USERSIG_API_KEY_FILE'];
if (process.argv.length !== 4 || !/^\d+$/.test(process.argv[3]) || !needed.every((name) => process.env[name])) {
  console.error('usage: node quickstart.mjs USERID ROOM, with USERSIG_URL, USERSIG_APP and USERSIG_API_KEY_FILE set');
  process.exit(1);
}

// region call
const { USERSIG_URL, USERSIG_APP, USERSIG_API_KEY_FILE } = process.env;
const apiKey = readFileSync(USERSIG_API_KEY_FILE, 'ascii').trim();
const attempts = 4;

// Problem: usersigd did not do what it was asked, and says why.
class Problem extends Error {
  constructor(status, body) {
    const reason = body.reason ?? 'unknown'; // to branch on
    super(`${status} ${reason}: ${body.detail ?? body.title ?? ''}`);
    this.status = status;
    this.reason = reason;
    this.requestID = body.request_id; // to find it in the server's logs
    this.refusal = body.refusal; // code, reason, message, remedy; or undefined
  }
}

// call posts body to the application's part of the API and returns the reply. Trying again is
// safe: what is issued twice is two tokens, and both are good.
async function call(path, body) {
  for (let attempt = 1; ; attempt++) {
    const reply = await fetch(`${USERSIG_URL}/v1/apps/${USERSIG_APP}/${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error', // take the API key nowhere else
      signal: AbortSignal.timeout(10_000),
    });
    if (reply.ok) return reply.json();
    if (![429, 503].includes(reply.status) || attempt === attempts) {
      // A proxy's reply may be anything.
      throw new Problem(reply.status, (await reply.json().catch(() => null)) ?? {});
    }
    await reply.body?.cancel();
    const seconds = Number.parseInt(reply.headers.get('Retry-After') ?? '1', 10);
    await sleep(Math.min(Number.isNaN(seconds) ? 1 : seconds, 30) * 1000);
  }
}
// endregion

// region tokens
// usersig makes a UserSig for a user who has logged in to the app, good for a day.
async function usersig(userid) {
  return (await call('usersigs', { userid, ttl: 86400 })).usersig;
}

// privateMapKey lets a user enter one room, listen and watch, for an hour.
async function privateMapKey(userid, room) {
  const reply = await call('privatemapkeys', { userid, room: { id: room }, allow: 'audience', ttl: 3600 });
  return reply.privatemapkey;
}

// verify asks for the server's verdict: its keys, revocations and blocks, and not the signature
// alone.
async function verify(token, userid) {
  return call('verify', { token, userid });
}
// endregion

// region use
async function main(user, room) {
  const token = await usersig(user);
  console.log('usersig', token);
  console.log('privatemapkey', await privateMapKey(user, room));
  for (const claimed of [user, 'mallory']) {
    const { ok, userid, expires_at: until, refusal } = await verify(token, claimed);
    if (ok) console.log(`good: ${userid} until ${until}`);
    else console.log(`refused: ${refusal.code} ${refusal.reason}: ${refusal.message}; ${refusal.remedy}`);
  }
}

try {
  await main(process.argv[2], Number(process.argv[3]));
} catch (problem) {
  if (!(problem instanceof Problem)) throw problem;
  console.error(problem.message, 'request', problem.requestID);
  const { refusal } = problem;
  if (refusal) console.error(`${refusal.code} ${refusal.reason}: ${refusal.message}; ${refusal.remedy}`);
  process.exitCode = 1;
}
// endregion
