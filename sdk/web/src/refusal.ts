import { fail, TrtcError } from "./error.js";

/**
 * A refusal in one line, as the server writes it where an SDK shows its user a text and nothing
 * else. The remedy begins at the last "; remedy: ", for a message may quote what was sent.
 */
const LINE = /usersig (-?\d+) \((-?\d+)\) ([a-z_]+): (.*); remedy: (.*)/s;

/** What the same line is if the server could not decide. */
const UNAVAILABLE = /usersig unavailable: /;

/** Finds a server's refusal in the message of an error of LiveKit's, or returns null. */
export function refusalInText(text: string, cause?: unknown): TrtcError | null {
  const found = LINE.exec(text);
  if (found) {
    const [, code, trtc, reason, message, remedy] = found as unknown as string[];
    return new TrtcError({
      code: Number(code),
      trtc: Number(trtc),
      reason: reason as string,
      message: message as string,
      remedy: (remedy as string).trim(),
      cause,
    });
  }
  return UNAVAILABLE.test(text) ? fail("unavailable", { cause }) : null;
}

/** Reads the refusal object of a reply's body, or returns null if it holds none. */
export function refusalInJSON(body: unknown): TrtcError | null {
  if (typeof body !== "object" || body === null) return null;
  const r = body as Record<string, unknown>;
  if (typeof r.code !== "number" || typeof r.reason !== "string") return null;
  return new TrtcError({
    code: r.code,
    trtc: typeof r.trtc === "number" ? r.trtc : r.code,
    reason: r.reason,
    message: typeof r.message === "string" ? r.message : r.reason,
    remedy: typeof r.remedy === "string" ? r.remedy : "",
    check: typeof r.check === "string" ? r.check : "",
  });
}
