import { DisconnectReason } from "livekit-client";

import { fail, type TrtcError } from "./error.js";
import type { EventMap } from "./events.js";

/** Why a session ended: the server wanted it, or the connection was lost. */
export type Verdict =
  { kicked: EventMap["kicked-out"]; error?: undefined } | { kicked?: undefined; error: TrtcError };

/**
 * Refusals that say how things are now and not why a session ended. The last: a room that was
 * empty for a moment is gone, and not everybody may make it anew.
 */
const NO_CAUSE = ["too_many_failures", "unavailable", "network", "timeout", "no_right_create"];

/**
 * Finds why LiveKit's SDK was disconnected. Of a removal it knows no cause, and of a reconnection
 * that was refused not even that; so the server is asked whether it would let the credential in
 * now. If it would, and the user was removed, an operator did it.
 */
export async function verdictOf(
  reason: DisconnectReason | undefined,
  check: () => Promise<TrtcError | null>,
): Promise<Verdict> {
  if (reason === DisconnectReason.DUPLICATE_IDENTITY) return kicked("kick", fail("duplicate"));
  if (reason === DisconnectReason.ROOM_DELETED || reason === DisconnectReason.ROOM_CLOSED) {
    return kicked("room_disband", fail("room_dissolved"));
  }
  const refusal = await check().catch((e: unknown) => e as TrtcError);
  if (refusal && !NO_CAUSE.includes(refusal.reason)) {
    return kicked(refusal.reason === "blocked" ? "banned" : refusal.reason, refusal);
  }
  if (reason === DisconnectReason.PARTICIPANT_REMOVED) return kicked("banned", fail("removed"));
  return { error: refusal ?? fail("network", { detail: "the connection was lost" }) };
}

function kicked(reason: EventMap["kicked-out"]["reason"], why: TrtcError): Verdict {
  const { code, message, remedy } = why;
  return { kicked: { reason, code, message, remedy } };
}
