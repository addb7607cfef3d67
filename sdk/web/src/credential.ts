import { invalid } from "./error.js";
import type { EnterRoomConfig } from "./types.js";

/** The bounds that the server has too. */
const MOST = { app: 0xffff_ffff, room: 0xffff_fffe, user: 255, roomName: 64, token: 8192 };

/** What a UserSig or PrivateMapKey can hold: its own alphabet and that of plain base64. */
const TOKEN = /^[A-Za-z0-9*_+/=-]+$/;

// TRTC's native codes for arguments that cannot be right.
const BAD_APP = -3317;
const BAD_ROOM = -3318;
const BAD_USER = -3319;
const BAD_SIG = -3320;
const BAD_TICKET = -100006;

/**
 * Who wants to enter which room, and with what proof. {@link credentialText} makes of it what
 * LiveKit's SDK calls the token. Nothing of it may be logged: whoever reads it can use it.
 */
export interface Credential {
  readonly sdkAppId: number;
  readonly userId: string;
  /** "n" and a number, or "s" and a name in base64url. */
  readonly room: string;
  readonly userSig: string;
  readonly privateMapKey: string;
}

/** Checks the arguments of enterRoom without a request. It throws a TrtcError. */
export function credentialOf(config: EnterRoomConfig): Credential {
  return {
    sdkAppId: checkedApp(config.sdkAppId),
    userId: checkedUser(config.userId),
    room: checkedRoom(config.roomId, config.strRoomId),
    userSig: checkedToken("userSig", config.userSig, BAD_SIG),
    privateMapKey: optionalTicket(config.privateMapKey),
  };
}

/** Puts new proof in the place of old; what is not given stays as it is. */
export function renewed(old: Credential, userSig?: string, privateMapKey?: string): Credential {
  if (userSig === undefined && privateMapKey === undefined) {
    throw invalid("userSig", "or privateMapKey is required", 5001, BAD_SIG);
  }
  return {
    ...old,
    userSig: userSig === undefined ? old.userSig : checkedToken("userSig", userSig, BAD_SIG),
    privateMapKey: privateMapKey === undefined ? old.privateMapKey : optionalTicket(privateMapKey),
  };
}

/** Writes a credential as `us1.<sdkappid>.<user>.<room>.<UserSig>[.<PrivateMapKey>]`. */
export function credentialText(c: Credential): string {
  const parts = ["us1", String(c.sdkAppId), base64url(c.userId), c.room, c.userSig];
  if (c.privateMapKey !== "") parts.push(c.privateMapKey);
  return parts.join(".");
}

function checkedApp(app: unknown): number {
  if (app === undefined || app === null) throw invalid("sdkAppId", "is required", 5001, BAD_APP);
  if (typeof app !== "number") throw invalid("sdkAppId", "must be a number", 5002, BAD_APP);
  if (!Number.isInteger(app) || app < 1 || app > MOST.app) {
    throw invalid("sdkAppId", `must be a whole number from 1 to ${MOST.app}`, 5005, BAD_APP);
  }
  return app;
}

function checkedUser(user: unknown): string {
  if (user === undefined || user === null) throw invalid("userId", "is required", 5001, BAD_USER);
  if (typeof user !== "string") throw invalid("userId", "must be a string", 5002, BAD_USER);
  if (user === "") throw invalid("userId", "is empty", 5003, BAD_USER);
  const problem = nameProblem(user, MOST.user);
  if (problem) throw invalid("userId", problem, 5005, BAD_USER);
  return user;
}

/** roomId comes first if both are given, as in TRTC. */
function checkedRoom(id: unknown, name: unknown): string {
  if (id !== undefined && id !== null) {
    if (typeof id !== "number") {
      throw invalid("roomId", "must be a number; use strRoomId for a string", 5016, BAD_ROOM);
    }
    if (!Number.isInteger(id) || id < 1 || id > MOST.room) {
      throw invalid("roomId", `must be a whole number from 1 to ${MOST.room}`, 5012, BAD_ROOM);
    }
    return `n${id}`;
  }
  if (name === undefined || name === null) {
    throw invalid("roomId", "or strRoomId is required", 5015, BAD_ROOM);
  }
  if (typeof name !== "string" || name === "") {
    throw invalid("strRoomId", "must be a string that is not empty", 5013, BAD_ROOM);
  }
  const problem = nameProblem(name, MOST.roomName);
  if (problem) throw invalid("strRoomId", problem, 5013, BAD_ROOM);
  return `s${base64url(name)}`;
}

/**
 * A full stop in a token would move the parts of the credential, and a line break would end the
 * header it travels in. Only line breaks at the end are forgiven: some issuers leave one.
 */
function checkedToken(name: string, token: unknown, trtc: number): string {
  if (token === undefined || token === null) throw invalid(name, "is required", 5001, trtc);
  if (typeof token !== "string") throw invalid(name, "must be a string", 5002, trtc);
  const text = token.trimEnd();
  if (text === "") throw invalid(name, "is empty", 5003, trtc);
  if (text.length > MOST.token) {
    throw invalid(name, `is longer than ${MOST.token} characters`, 5008, trtc);
  }
  if (!TOKEN.test(text)) throw invalid(name, "holds a character that no token has", 5005, trtc);
  return text;
}

function optionalTicket(ticket: unknown): string {
  if (ticket === undefined || ticket === null || ticket === "") return "";
  return checkedToken("privateMapKey", ticket, BAD_TICKET);
}

function nameProblem(name: string, most: number): string | null {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length > most) return `is longer than ${most} bytes`;
  // Half a surrogate pair would become another character on the way: two users as one.
  if (new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) !== name) {
    return "is not valid text";
  }
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return "holds a control character";
  return null;
}

function base64url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
