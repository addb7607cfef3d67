import { ConnectionState, RoomEvent, type Room } from "livekit-client";

import type { Door } from "./door.js";
import { fail } from "./error.js";
import type { Renewal } from "./types.js";

/** How long LiveKit may take to tell the client of rights that the server has changed. */
const SPREAD = 2000;

/**
 * Hands a credential in for a user who is in a room, and has it adopted for reconnections as soon
 * as the server has found it good.
 *
 * A reconnection may come between: by chance, or because the server wants one to take rights away.
 * It may have shown the old credential, or there may have been nobody to renew. What was handed
 * in is then handed in again to the connection that there is now.
 */
export async function handIn(
  room: Room,
  door: Door,
  credential: string,
  adopt: () => void,
): Promise<Renewal> {
  let interrupted = room.state !== ConnectionState.Connected;
  const interrupt = (state: ConnectionState) =>
    (interrupted ||= state !== ConnectionState.Connected);
  room.on(RoomEvent.ConnectionStateChanged, interrupt);
  try {
    let renewal = await door.renew(credential);
    if (!renewal && !interrupted)
      throw fail("invalid_operation", { detail: "the server does not know of this stay" });
    adopt();
    if (interrupted) {
      await settled(room, RoomEvent.Reconnected, () => room.state === ConnectionState.Connected);
      renewal = await door.renew(credential);
    }
    if (!renewal) throw fail("unavailable", { detail: "the server does not know of this stay" });
    await permitted(room, renewal.allow);
    return renewal;
  } finally {
    room.off(RoomEvent.ConnectionStateChanged, interrupt);
  }
}

/** TRTC's bits of sending, and the numbers that LiveKit has for what is sent. */
const SEND = [
  { bit: 4, source: 2 },
  { bit: 16, source: 1 },
  { bit: 64, source: 3 },
];

/**
 * Waits until LiveKit's SDK knows the rights too: it refuses by itself to publish what it thinks
 * is not allowed, and hears of new rights after the server's reply.
 */
async function permitted(room: Room, allow: number): Promise<void> {
  const agree = () => {
    const { canPublish, canPublishSources = [] } = room.localParticipant.permissions ?? {};
    const sends = (source: number) =>
      !!canPublish && (canPublishSources.length === 0 || canPublishSources.includes(source));
    return SEND.every(({ bit, source }) => sends(source) === ((allow & bit) !== 0));
  };
  await settled(room, RoomEvent.ParticipantPermissionsChanged, agree, SPREAD);
}

/** Waits for an event that makes something true, unless the room is left or patience ends first. */
function settled(
  room: Room,
  event: RoomEvent.Reconnected | RoomEvent.ParticipantPermissionsChanged,
  done: () => boolean,
  patience?: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      stop();
      resolve();
    };
    const look = () => {
      if (done()) end();
    };
    const leave = () => {
      stop();
      reject(fail("aborted"));
    };
    const timer = patience === undefined ? undefined : setTimeout(end, patience);
    const stop = () => {
      clearTimeout(timer);
      room.off(event, look).off(RoomEvent.Disconnected, leave);
    };
    room.on(event, look).on(RoomEvent.Disconnected, leave);
    look();
  });
}
