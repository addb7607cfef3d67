import { RoomEvent, type Room } from "livekit-client";

import type { Door } from "./door.js";
import { fail, type TrtcError } from "./error.js";

/** How long the server may take to answer before it is asked whether it is one. */
const SLOW = 1000;

/** How long entering may take: longer than LiveKit's SDK takes to give up on each of its steps. */
const BOUND = 40_000;

/**
 * Connects a room, or says why it cannot be within a time that is known. At an address that answers
 * 404, LiveKit's SDK takes the server for an older one and tries again, every time with the
 * credential, and for ever.
 */
export async function enter(room: Room, door: Door, credential: string): Promise<void> {
  let over = false;
  let giveUp: (why: TrtcError) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = (why) => {
      if (over) return;
      reject(why);
      void room.disconnect(false); // or it would try on
    };
  });
  const look = setTimeout(() => {
    void door.missing(credential).then((error) => error && giveUp(error));
  }, SLOW);
  const bound = setTimeout(() => giveUp(fail("timeout")), BOUND);
  const answered = () => clearTimeout(look);
  room.once(RoomEvent.SignalConnected, answered);
  const connecting = room.connect(door.server, credential, { autoSubscribe: false });
  try {
    await Promise.race([connecting, givenUp]);
  } finally {
    over = true;
    clearTimeout(look);
    clearTimeout(bound);
    room.off(RoomEvent.SignalConnected, answered);
  }
}
