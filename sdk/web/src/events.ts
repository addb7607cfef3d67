import { invalid, type Reason, type TrtcError } from "./error.js";
import type { StreamType } from "./types.js";

/** The names of the events. All but the last two are TRTC's. */
export const EVENT = {
  /** Something failed that no call was waiting for: see {@link EventMap}. */
  ERROR: "error",
  /** The browser wants a click of the user before it plays. */
  AUTOPLAY_FAILED: "autoplay-failed",
  /** The server ended the stay. Nothing is retried. */
  KICKED_OUT: "kicked-out",
  /** Somebody is in the room: on entering for all who are there, later for each who comes. */
  REMOTE_USER_ENTER: "remote-user-enter",
  REMOTE_USER_EXIT: "remote-user-exit",
  /** A user publishes sound and is not muted. It plays by itself unless that was declined. */
  REMOTE_AUDIO_AVAILABLE: "remote-audio-available",
  REMOTE_AUDIO_UNAVAILABLE: "remote-audio-unavailable",
  /** A user publishes video that is not muted: call startRemoteVideo to see it. */
  REMOTE_VIDEO_AVAILABLE: "remote-video-available",
  /** It has ended, and so has showing it: there is no need to call stopRemoteVideo. */
  REMOTE_VIDEO_UNAVAILABLE: "remote-video-unavailable",
  CONNECTION_STATE_CHANGED: "connection-state-changed",
  /** How loud everybody is: see {@link TRTC.enableAudioVolumeEvaluation}. */
  AUDIO_VOLUME: "audio-volume",
  /** The user ended sharing the screen in the browser's own bar. */
  SCREEN_SHARE_STOPPED: "screen-share-stopped",
  PUBLISH_STATE_CHANGED: "publish-state-changed",
  /** The UserSig or the ticket ends soon: call {@link TRTC.renew} to stay. Ours. */
  USERSIG_EXPIRING: "usersig-expiring",
  /** The server changed what this user may do in this room. Ours. */
  RIGHTS_CHANGED: "rights-changed",
} as const;

/** How the connection to the server is. */
export type ConnectionState = "DISCONNECTED" | "CONNECTING" | "CONNECTED";

/** What one publishes. */
export type MediaType = "audio" | "video" | "screen";

/** How publishing something is. */
export type PublishState = "starting" | "started" | "stopped";

/**
 * Why the server ended the stay. TRTC's three: "kick", the same user entered from somewhere else;
 * "banned", an operator removed or blocked the user; "room_disband". And the names of refusals,
 * as "expired", "revoked" or "app_unknown".
 */
export type KickReason = "kick" | "banned" | "room_disband" | Reason;

/** What the handlers of each event are called with. */
export interface EventMap {
  /** The connection was lost for good, or a publication was refused or ended by the server. */
  error: TrtcError;
  /** resume must be called in the handler of a click; a click anywhere does it too. */
  "autoplay-failed": { userId: string; mediaType: MediaType; resume: () => Promise<void> };
  "kicked-out": { reason: KickReason; code: number; message: string; remedy: string };
  "remote-user-enter": { userId: string };
  "remote-user-exit": { userId: string };
  "remote-audio-available": { userId: string };
  "remote-audio-unavailable": { userId: string };
  "remote-video-available": { userId: string; streamType: StreamType };
  "remote-video-unavailable": { userId: string; streamType: StreamType };
  "connection-state-changed": {
    prevState: ConnectionState;
    state: ConnectionState;
    isReconnecting: boolean;
  };
  /** The loudest first; volume is 0 to 100, and this user's own microphone is of userId "". */
  "audio-volume": { result: { userId: string; volume: number }[] };
  "screen-share-stopped": undefined;
  "publish-state-changed": {
    mediaType: MediaType;
    state: PublishState;
    prevState: PublishState;
    /** Of "stopped" only: a call ended it, or an error did. */
    reason?: "api-call" | "error";
    error?: TrtcError;
  };
  "usersig-expiring": { expiresAt: Date; seconds: number };
  "rights-changed": { allow: number };
}

/** A function that is called with an event. */
export type Handler<E extends keyof EventMap> = (event: EventMap[E]) => void;

/** What parts of the package have to say something to the page with. */
export type Emit = <E extends keyof EventMap>(event: E, payload: EventMap[E]) => void;

const NAMES: readonly string[] = Object.values(EVENT);

interface Entry {
  handler: (event: never) => void;
  context: unknown;
}

/** The handlers of one TRTC object. */
export class Handlers {
  readonly #entries = new Map<string, Entry[]>();

  /** An event that is none would be waited for in vain: TRTC has some that are not here. */
  add(event: string, handler: (event: never) => void, context: unknown): void {
    if (!NAMES.includes(event)) throw invalid("event", "is none of TRTC.EVENT", 5005);
    if (typeof handler !== "function") throw invalid("handler", "must be a function", 5002);
    this.#entries.set(event, [...(this.#entries.get(event) ?? []), { handler, context }]);
  }

  /** Removes one handler, all of an event, or, for "*", all. */
  remove(event: string, handler?: (event: never) => void): void {
    if (event === "*") {
      this.#entries.clear();
      return;
    }
    const rest = this.#entries.get(event) ?? [];
    this.#entries.set(event, handler ? rest.filter((e) => e.handler !== handler) : []);
  }

  /** Calls the handlers. One that throws is reported and stops no other, nor us. */
  readonly emit: Emit = (event, payload) => {
    for (const { handler, context } of this.#entries.get(event) ?? []) {
      try {
        handler.call(context, payload as never);
      } catch (e) {
        console.error(`usersig: a handler of ${event} threw`, e);
      }
    }
  };
}
