import type { Room } from "livekit-client";

import { fail, type TrtcError } from "./error.js";
import type { MediaType } from "./events.js";
import type { StreamType } from "./types.js";

/** TRTC's bits of what a user may receive. */
const RECEIVE: Record<StreamType, number> = { main: 32, sub: 128 };

/** What the server last said this user may do: undefined until it says anything. */
export interface Rights {
  allow?: number | undefined;
}

/**
 * What the server says of this user's rights on entering, which others are not told. The next news
 * of this user, from LiveKit itself, does not have it any more.
 */
export function allowedAtFirst(room: Room): number | undefined {
  const text = room.localParticipant.attributes["usersig.allow"];
  return text === undefined ? undefined : Number(text);
}

/** Returns the refusal if a user surely may not receive a video, and else null. */
export function mayNotReceive(room: Room, rights: Rights, stream: StreamType): TrtcError | null {
  const may =
    rights.allow === undefined
      ? room.localParticipant.permissions?.canSubscribe !== false
      : (rights.allow & RECEIVE[stream]) !== 0;
  return may ? null : noRightToReceive(stream);
}

/**
 * TRTC has codes for some of the rights only. Of the others the library says that the ticket is
 * wrong, -100006, and so do we.
 */
export function noRightToReceive(stream: StreamType): TrtcError {
  if (stream === "main") return fail("no_right_receive_video");
  return fail("no_grant", { detail: 'it does not allow "receive-screen"' });
}

/** The refusal for publishing without the right to. */
export function noRightToSend(media: MediaType): TrtcError {
  if (media === "video") return fail("no_right_send_video");
  if (media === "screen") return fail("no_right_send_screen");
  return fail("no_grant", { detail: 'it does not allow "send-audio"' });
}
