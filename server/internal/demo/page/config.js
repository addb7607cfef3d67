// Reads demo configs, and recognises what is pasted in their place.

const LARGEST = 1 << 20;

/** What was given is not a demo config. `key` is a text of the page, `rest` goes into it. */
export class Wrong extends Error {
  constructor(key, ...rest) {
    super(key);
    this.key = key;
    this.rest = rest;
  }
}

/** Reads a file. Only its beginning tells an archive, so that comes as bytes. */
export async function readFile(file) {
  if (file.size > LARGEST) throw new Wrong("wrong_large");
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Wrong("wrong_read");
  }
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] <= 8) throw new Wrong("wrong_zip");
  return readConfig(new TextDecoder().decode(bytes));
}

/** Reads a demo config: {sdkAppId, users: [{userId, userSig}]}. It throws a Wrong. */
export function readConfig(given) {
  const text = given.replace(/^\ufeff/, "").trim();
  if (text === "") throw new Wrong("wrong_empty");
  if (text.length > LARGEST) throw new Wrong("wrong_large");
  refuseOthers(text);
  let all;
  try {
    all = JSON.parse(text);
  } catch {
    throw new Wrong("wrong_syntax");
  }
  return { sdkAppId: appOf(all), users: usersOf(all) };
}

/** Names what is no JSON at all. Keys come first: they must not be here, whatever else it is. */
function refuseOthers(text) {
  if (text.startsWith("PK\u0003\u0004")) throw new Wrong("wrong_zip");
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new Wrong("wrong_private");
  if (/-----BEGIN (PUBLIC KEY|CERTIFICATE)-----/.test(text)) throw new Wrong("wrong_public");
  if (/^["']?[0-9a-f]{64}["']?$/i.test(text)) throw new Wrong("wrong_secret");
  if (isToken(text) || text.startsWith("us1.")) throw new Wrong("wrong_sig");
  if (/^(\/[/*]|['"]use strict|import |export |const |let |var |function )/.test(text)) {
    throw new Wrong("wrong_script");
  }
}

/** Whether a text looks like a UserSig or PrivateMapKey: zlib in one of two kinds of base64. */
export function isToken(text) {
  return /^e[AFJN][A-Za-z0-9*_+/=-]{40,}$/.test(text);
}

function appOf(all) {
  if (typeof all !== "object" || all === null || Array.isArray(all))
    throw new Wrong("wrong_other", "sdkappid");
  const { sdkappid } = all;
  if (sdkappid === undefined) throw new Wrong("wrong_other", "sdkappid");
  if (!Number.isInteger(sdkappid) || sdkappid < 1 || sdkappid > 0xffffffff)
    throw new Wrong("wrong_app");
  return sdkappid;
}

function usersOf({ users }) {
  if (users === undefined) throw new Wrong("wrong_other", "users");
  if (!Array.isArray(users) || users.length === 0) throw new Wrong("wrong_users");
  return users.map((user, i) => {
    const { userId, userToken } = user ?? {};
    if (typeof userId !== "string" || userId === "") throw new Wrong("wrong_user", i + 1, "userId");
    if (typeof userToken === "string") return { userId, userSig: userToken };
    const near = ["userSig", "usersig", "UserToken", "usertoken"].find((name) => name in user);
    if (near) throw new Wrong("wrong_name", i + 1, near);
    throw new Wrong("wrong_user", i + 1, "userToken");
  });
}
