import { ConnectionState, RoomEvent, type Room } from "livekit-client";

import type { Door } from "./door.js";
import { fail } from "./error.js";
import type { Renewal } from "./types.js";

/** How long LiveKit may take to tell the client of rights that the server has changed. */
const SPREAD = 2000;

/** How long a reconnection may take. It goes on after that, and shows what was handed in. */
const RETURN = 15_000;

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
  const stay = new Stay(room);
  try {
    let renewal = await stay.during(door.renew(credential));
    if (!renewal && !stay.interrupted)
      throw fail("invalid_operation", { detail: "the server does not know of this stay" });
    adopt();
    if (stay.interrupted) {
      const connected = () => room.state === ConnectionState.Connected;
      const back = await stay.until(RoomEvent.Reconnected, connected, RETURN);
      if (!back) throw fail("timeout", { detail: "the connection was not restored" });
      renewal = await stay.during(door.renew(credential));
    }
    if (!renewal) throw fail("unavailable", { detail: "the server does not know of this stay" });
    const { allow } = renewal;
    await stay.until(RoomEvent.ParticipantPermissionsChanged, () => knows(room, allow), SPREAD);
    return renewal;
  } finally {
    stay.close();
  }
}

/** TRTC's bits of sending, and the numbers that LiveKit has for what is sent. */
const SEND = [
  { bit: 4, source: 2 },
  { bit: 16, source: 1 },
  { bit: 64, source: 3 },
];

/**
 * Whether LiveKit's SDK knows the rights too: it refuses by itself to publish what it thinks is not
 * allowed, and hears of new rights after the server's reply.
 */
function knows(room: Room, allow: number): boolean {
  const { canPublish, canPublishSources = [] } = room.localParticipant.permissions ?? {};
  const sends = (source: number) =>
    !!canPublish && (canPublishSources.length === 0 || canPublishSources.includes(source));
  return SEND.every(({ bit, source }) => sends(source) === ((allow & bit) !== 0));
}

/** A stay in a room, whose end ends every wait at once: nobody is left waiting for what is over. */
class Stay {
  /** Whether the connection was, or is, not there. */
  interrupted = false;
  readonly #over: Promise<never>;
  #end: () => void = () => undefined;

  constructor(private readonly room: Room) {
    this.#over = new Promise((_, reject) => (this.#end = () => reject(fail("aborted"))));
    this.#over.catch(() => undefined); // there may be nobody waiting
    room.on(RoomEvent.ConnectionStateChanged, this.#follow);
    this.#follow(room.state);
  }

  readonly #follow = (state: ConnectionState) => {
    this.interrupted ||= state !== ConnectionState.Connected;
    if (state === ConnectionState.Disconnected) this.#end();
  };

  /** Waits for something while the stay lasts. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over]);
  }

  /** Waits for an event that makes something true, and says whether it did before patience ended. */
  async until(
    event: RoomEvent.Reconnected | RoomEvent.ParticipantPermissionsChanged,
    done: () => boolean,
    patience: number,
  ): Promise<boolean> {
    if (done()) return true;
    let look: () => void = () => undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, patience, false);
      look = () => {
        if (done()) resolve(true);
      };
      this.room.on(event, look);
    });
    try {
      return await this.during(wait);
    } finally {
      clearTimeout(timer);
      this.room.off(event, look);
    }
  }

  close(): void {
    this.room.off(RoomEvent.ConnectionStateChanged, this.#follow);
  }
}
