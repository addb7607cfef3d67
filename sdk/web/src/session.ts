import {
  ConnectionError,
  ConnectionErrorReason,
  ConnectionState as LiveKitState,
  DisconnectReason,
  RoomEvent,
  type Room,
} from "livekit-client";

import { credentialText, renewed, type Credential } from "./credential.js";
import type { Door } from "./door.js";
import { setToken, type Engine } from "./engine.js";
import { enter } from "./entrance.js";
import { asError, fail, TrtcError } from "./error.js";
import type { ConnectionState, Emit } from "./events.js";
import type { Hearing } from "./hearing.js";
import { verdictOf } from "./kick.js";
import { readNotice } from "./notice.js";
import { refusalInText } from "./refusal.js";
import { handIn } from "./renewal.js";
import { RemoteUsers } from "./remote.js";
import { allowedAtFirst, type Rights } from "./rights.js";
import { RoomStage } from "./stage.js";
import type { RenewConfig, Renewal } from "./types.js";

/** What a session needs from whoever opens it. */
export interface SessionOptions {
  engine: Engine;
  door: Door;
  credential: Credential;
  emit: Emit;
  hearing: Hearing;
  autoReceiveAudio: boolean;
  /** Called when publications may have been ended by the server. */
  recheck: () => void;
  /** Called at once when the server, or the network, has ended the session. */
  down: () => void;
  /** Called when it is known why, before the page is told. */
  over: () => void;
}

/** How long after its first signs the end of a stay may come. */
const MOMENT = 1000;

/** One stay of one user in one room. It cannot be used again once it has ended. */
export class Session {
  readonly room: Room;
  readonly remote: RemoteUsers;
  /** Where this user's tracks are published. */
  readonly stage: RoomStage;
  readonly #rights: Rights = {};
  #credential: Credential;
  #state: ConnectionState = "DISCONNECTED";
  #entered = false;
  #left = false;
  #look: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: SessionOptions) {
    const { engine, emit, hearing, autoReceiveAudio } = options;
    this.#credential = options.credential;
    this.room = engine.room();
    this.stage = new RoomStage(this.room);
    this.remote = new RemoteUsers(this.room, emit, hearing, autoReceiveAudio, this.#rights);
    this.room
      .on(RoomEvent.SignalConnected, () => (this.#rights.allow ??= allowedAtFirst(this.room)))
      .on(RoomEvent.ConnectionStateChanged, (state) => this.#follow(state))
      .on(RoomEvent.DataReceived, (payload, from, _kind, topic, _enc, identity) =>
        this.#hear(payload, topic, from?.identity ?? identity ?? ""),
      )
      .on(RoomEvent.LocalTrackUnpublished, () => this.#recheckSoon())
      .on(RoomEvent.Reconnected, () => {
        this.stage.tidy();
        this.#recheckSoon();
      })
      .on(RoomEvent.ParticipantPermissionsChanged, (_, user) => {
        if (user === this.room.localParticipant) this.#recheckSoon();
      })
      .on(RoomEvent.Disconnected, (reason) => void this.#disconnected(reason));
  }

  /** Whether the user is in the room. */
  get entered(): boolean {
    return this.#entered && !this.#left && !this.lost;
  }

  /** Whether the stay has ended, though it may not be known yet why. */
  get lost(): boolean {
    return this.#entered && this.room.state === LiveKitState.Disconnected;
  }

  /** Enters the room. */
  async open(): Promise<void> {
    const text = credentialText(this.#credential);
    try {
      await enter(this.room, this.options.door, text);
    } catch (e) {
      throw await this.#whyNot(e, text);
    }
    if (this.#left) throw fail("aborted");
    this.#entered = true;
    this.remote.syncAll();
  }

  /** Leaves the room. What was captured goes on. */
  async close(): Promise<void> {
    this.#left = true;
    this.remote.close();
    await this.room.disconnect(false);
  }

  /**
   * Hands in new proof and stays. From then on reconnections show it too: the old would be refused
   * as soon as it has ended.
   */
  async renew(config: RenewConfig): Promise<Renewal> {
    const fresh = renewed(this.#credential, config.userSig, config.privateMapKey);
    const text = credentialText(fresh);
    const renewal = await handIn(this.room, this.options.door, text, () => {
      if (this.#left) throw fail("aborted");
      this.#credential = fresh;
      setToken(this.room, text);
    });
    this.#allow(renewal.allow);
    return renewal;
  }

  /**
   * Finds why the room was not entered. LiveKit's SDK passes the text of a 401 or 403 on; of a
   * server that is busy or locks a user out it says only that something went wrong, so that is
   * asked for. If the credential is good, it is the connection that was one too many.
   */
  async #whyNot(thrown: unknown, credential: string): Promise<TrtcError> {
    if (this.#left) return fail("aborted", { cause: thrown });
    if (thrown instanceof TrtcError) return thrown;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    const refusal = refusalInText(text, thrown);
    if (refusal) return refusal;
    if (!(thrown instanceof ConnectionError)) return asError(thrown);
    const { reason } = thrown as { reason: ConnectionErrorReason };
    if (reason === ConnectionErrorReason.Cancelled) return fail("aborted", { cause: thrown });
    if (reason === ConnectionErrorReason.Timeout) {
      return fail("timeout", { detail: text, cause: thrown });
    }
    const vague = [ConnectionErrorReason.InternalError, ConnectionErrorReason.WebSocket];
    if (vague.includes(reason)) {
      const asked = await this.options.door.check(credential).catch(() => undefined);
      if (asked) return asked;
      if (asked === null) {
        const detail = "the credential is good, but there may be too many connections";
        return fail("unavailable", { detail, cause: thrown });
      }
    }
    return fail("network", { detail: text, cause: thrown });
  }

  #follow(state: LiveKitState): void {
    const prevState = this.#state;
    const now = STATES[state];
    const isReconnecting = now === "CONNECTING" && this.#entered;
    if (now === prevState) return;
    this.#state = now;
    this.options.emit("connection-state-changed", { prevState, state: now, isReconnecting });
  }

  /**
   * Hears what the server says beside the media. A packet with a sender is from a participant,
   * who could otherwise frighten a page into renewing, or lie to it about its rights. The sender's
   * name is the server's own doing, also when the SDK does not know the participant.
   */
  #hear(payload: Uint8Array, topic: string | undefined, sender: string): void {
    if (topic !== "usersig" || sender !== "") return;
    const notice = readNotice(payload);
    if (notice?.event === "expiring") {
      const { expiresAt, seconds } = notice;
      this.options.emit("usersig-expiring", { expiresAt, seconds });
    }
    if (notice?.event === "rights") this.#allow(notice.allow);
  }

  #allow(allow: number): void {
    if (this.#rights.allow === allow) return;
    this.#rights.allow = allow;
    this.options.emit("rights-changed", { allow });
    this.remote.recheck();
  }

  /**
   * Looks in a moment what was taken away. Of a stay that ends the server takes the publications
   * first, and then it is the end that the page shall be told, not a right that was lost. And while
   * LiveKit's SDK reconnects it takes publications away and puts them back itself.
   */
  #recheckSoon(): void {
    clearTimeout(this.#look);
    this.#look = setTimeout(() => {
      if (!this.#left && this.room.state === LiveKitState.Connected) this.options.recheck();
    }, MOMENT);
  }

  async #disconnected(reason: DisconnectReason | undefined): Promise<void> {
    if (this.#left || !this.#entered) return;
    this.remote.close();
    this.options.down();
    const credential = credentialText(this.#credential);
    const verdict = await verdictOf(reason, () => this.options.door.check(credential));
    if (this.#left) return;
    this.#left = true;
    this.options.over();
    if (verdict.kicked) this.options.emit("kicked-out", verdict.kicked);
    else this.options.emit("error", verdict.error);
  }
}

/** A reconnection is "CONNECTING": the room is not left, and the media may even go on. */
const STATES: Record<LiveKitState, ConnectionState> = {
  [LiveKitState.Disconnected]: "DISCONNECTED",
  [LiveKitState.Connecting]: "CONNECTING",
  [LiveKitState.Connected]: "CONNECTED",
  [LiveKitState.Reconnecting]: "CONNECTING",
  [LiveKitState.SignalReconnecting]: "CONNECTING",
};
