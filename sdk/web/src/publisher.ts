import type { LocalTrack, TrackPublishOptions } from "livekit-client";

import { asError, type TrtcError } from "./error.js";
import type { Emit, MediaType, PublishState } from "./events.js";
import { noRightToSend } from "./rights.js";

/** Where tracks are published: a room, while the user is in one and may speak. */
export interface Stage {
  publish(track: LocalTrack, options: TrackPublishOptions): Promise<void>;
  /** Takes a track away if it is there. */
  unpublish(track: LocalTrack): Promise<void>;
  holds(track: LocalTrack): boolean;
}

/** Publishes the tracks of one source, all or none, and tells the page how that is. */
export class Publisher {
  stage: Stage | null = null;
  #state: PublishState = "stopped";
  /** The publishing that goes on, if any does. */
  #attempt: object | null = null;
  /** What is done on a stage is done in turn: a late publication would else outlive its end. */
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly media: MediaType,
    private readonly emit: Emit,
  ) {}

  /** Publishes if there is a stage. Whatever says "stopped" meanwhile ends the attempt. */
  async publish(tracks: LocalTrack[], options: TrackPublishOptions): Promise<void> {
    const { stage } = this;
    if (!stage || this.#state !== "stopped") return;
    const attempt = (this.#attempt = {});
    const goesOn = () => this.#attempt === attempt;
    this.#to("starting");
    await this.#inTurn(async () => {
      try {
        for (const track of tracks) if (goesOn()) await stage.publish(track, options);
      } catch (e) {
        if (!goesOn()) return;
        await withdraw(stage, tracks);
        const error = this.#refused(e);
        if (goesOn()) this.#to("stopped", { reason: "error", error });
        throw error;
      }
      if (goesOn()) this.#to("started");
    });
  }

  /** Takes away whatever is on the stage, whatever we think is. */
  async unpublish(tracks: LocalTrack[]): Promise<void> {
    const { stage } = this;
    if (!stage) return;
    this.#to("stopped", { reason: "api-call" });
    await this.#inTurn(() => withdraw(stage, tracks));
  }

  /** The room was left, and with it all that was published there. */
  lose(): void {
    this.#to("stopped", { reason: "api-call" });
    this.stage = null;
    this.#turn = Promise.resolve();
  }

  /**
   * Looks whether what was published still is. If not, the server ended it: a right was lost in
   * the middle of a call.
   */
  recheck(tracks: LocalTrack[]): void {
    const { stage } = this;
    if (this.#state !== "started" || !stage || tracks.every((t) => stage.holds(t))) return;
    const error = noRightToSend(this.media);
    this.#to("stopped", { reason: "error", error });
    void this.#inTurn(() => withdraw(stage, tracks));
    this.emit("error", error);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** LiveKit says 403 of what the user's permissions do not allow. */
  #refused(thrown: unknown): TrtcError {
    const { status } = thrown as { status?: number };
    return status === 403 ? noRightToSend(this.media) : asError(thrown);
  }

  #to(state: PublishState, why: { reason?: "api-call" | "error"; error?: TrtcError } = {}): void {
    const prevState = this.#state;
    if (prevState === state) return;
    this.#state = state;
    if (state === "stopped") this.#attempt = null;
    this.emit("publish-state-changed", { mediaType: this.media, state, prevState, ...why });
  }
}

async function withdraw(stage: Stage, tracks: LocalTrack[]): Promise<void> {
  await Promise.all(tracks.map((t) => stage.unpublish(t).catch(() => undefined)));
}
