/** What the server says beside the media, in data packets of topic "usersig". */
export type Notice =
  { event: "expiring"; expiresAt: Date; seconds: number } | { event: "rights"; allow: number };

/** Reads a notice. What is none, or is of a newer server, is null. */
export function readNotice(payload: Uint8Array): Notice | null {
  let said: Record<string, unknown>;
  try {
    said = (JSON.parse(new TextDecoder().decode(payload)) ?? {}) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { event, allow, seconds } = said;
  if (event === "rights" && typeof allow === "number") return { event, allow };
  if (event !== "expiring" || typeof seconds !== "number") return null;
  const expiresAt = new Date(String(said.expires_at));
  return Number.isNaN(expiresAt.getTime()) ? null : { event, expiresAt, seconds };
}
