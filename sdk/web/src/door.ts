import { fail, type TrtcError } from "./error.js";
import { invalid } from "./error.js";
import { refusalInJSON } from "./refusal.js";
import type { Renewal } from "./types.js";

/** How long the server may take to answer. */
const PATIENCE = 5000;

/** The server's two calls about a credential: would it open the door, and may its user stay. */
export class Door {
  constructor(
    /** The server, as LiveKit's SDK wants it too. */
    readonly server: string,
    private readonly request: typeof fetch = (...args) => fetch(...args),
  ) {}

  /** Asks whether a credential would be let in now: null if so, or the refusal. */
  async check(credential: string): Promise<TrtcError | null> {
    const { refusal } = await this.#post("/rtc/check", credential);
    return refusal;
  }

  /** Looks whether there is nobody to ask: the error if so. Whatever else is wrong counts as there. */
  async missing(credential: string): Promise<TrtcError | null> {
    const reply = await this.#post("/rtc/check", credential).catch(() => null);
    return reply && isMissing(reply.status) ? reply.refusal : null;
  }

  /** Hands in a fresh credential. It is null if it is good, but its user is not in the room. */
  async renew(credential: string): Promise<Renewal | null> {
    const { refusal, body, status } = await this.#post("/rtc/renew", credential);
    if (status === 404) return null;
    if (refusal) throw refusal;
    const { expires_at, allow } = (body ?? {}) as { expires_at?: unknown; allow?: unknown };
    const expiresAt = new Date(typeof expires_at === "string" ? expires_at : NaN);
    if (Number.isNaN(expiresAt.getTime()) || typeof allow !== "number") {
      throw fail("unavailable", { detail: "the reply is not a renewal" });
    }
    return { expiresAt, allow };
  }

  /**
   * Cookies stay at home, and a redirect is refused: it would carry the credential to whoever the
   * redirect names.
   */
  async #post(path: string, credential: string) {
    let reply: Response;
    try {
      reply = await this.request(this.server + path, {
        method: "POST",
        headers: { Authorization: `Bearer ${credential}` },
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch (cause) {
      throw lost(cause);
    }
    const body: unknown = await reply.json().catch(() => null);
    const { ok, status } = reply;
    if (ok) return { refusal: null, body, status };
    const detail = isMissing(status) ? "no audio/video server at this address" : `HTTP ${status}`;
    return { refusal: refusalInJSON(body) ?? fail("unavailable", { detail }), body, status };
  }
}

/** A server without audio and video, or one of something else, does not know what is asked for. */
function isMissing(status: number): boolean {
  return status === 404 || status === 405;
}

function lost(cause: unknown): TrtcError {
  const late = cause instanceof Error && cause.name === "TimeoutError";
  return fail(late ? "timeout" : "network", { cause });
}

/** Reads where the server is: an http or ws address without user, query or fragment. */
export function serverOf(given: string | undefined): string {
  const text = given ?? (typeof location === "undefined" ? "" : location.origin);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid("server", "is not an address like https://rtc.example.com", 5005);
  }
  const scheme = { "http:": "http:", "https:": "https:", "ws:": "http:", "wss:": "https:" }[
    url.protocol
  ];
  if (!scheme || url.username || url.password || url.search || url.hash) {
    throw invalid("server", "is not an address like https://rtc.example.com", 5005);
  }
  return `${scheme}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}
