import type { RemoteTrack, RemoteTrackPublication } from "livekit-client";

import { fail, type TrtcError } from "./error.js";
import type { StreamType } from "./types.js";
import { Player, type Look } from "./view.js";

/** How long a video may take to arrive after it was asked for. */
export const ARRIVAL = 5000;

/** Which video, and how the page wants to see it. */
export interface Wish {
  userId: string;
  streamType: StreamType;
  elements: HTMLElement[];
  look: Look;
}

/**
 * One remote video that the page wants to see: asked for, then perhaps there. The server may keep
 * it back without a word, so it is not waited for for ever.
 */
export class Watched {
  #player: Player | null = null;
  #here: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The call that waits for the track; null once it has come. */
  #waiter: { resolve: () => void; reject: (e: TrtcError) => void } | null = null;

  constructor(
    readonly wish: Wish,
    readonly publication: RemoteTrackPublication,
    /** Called if it failed, with the error unless a waiting call is rejected with it. */
    private readonly onFail: (error: TrtcError | null) => void,
  ) {}

  /** Asks the server for it. The promise settles when it is here, or will not be. */
  begin(): Promise<void> {
    this.#here = new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#wait();
      this.publication.setSubscribed(true);
      if (this.publication.track) this.arrive(this.publication.track);
    });
    return this.#here;
  }

  /** What {@link begin} returned. */
  get here(): Promise<void> {
    return this.#here;
  }

  /** The track is here: shows it. */
  arrive(track: RemoteTrack): void {
    this.#hide();
    this.#player = new Player(track);
    this.#player.show(this.wish.elements, this.wish.look);
    this.#waiter?.resolve();
    this.#waiter = null;
  }

  /**
   * The track is gone. That may be a reconnection, or the sender's leaving, which is said later:
   * only if nothing comes it was taken away.
   */
  vanish(): void {
    this.#hide();
    this.#wait();
  }

  /** Shows it elsewhere or otherwise. */
  update(elements: HTMLElement[] | null, look: Partial<Look>): void {
    Object.assign(this.wish.look, look);
    if (elements) this.wish.elements = elements;
    if (elements) this.#player?.show(elements, this.wish.look);
    else this.#player?.restyle(this.wish.look);
  }

  /** Ends it with an error. */
  fail(error: TrtcError): void {
    const waiter = this.#end();
    this.onFail(waiter ? null : error);
    waiter?.reject(error);
  }

  /** Ends it because the page wants so, or because there is nothing to see any more. */
  stop(): void {
    this.#end()?.reject(fail("aborted"));
  }

  #end() {
    const waiter = this.#waiter;
    this.#waiter = null;
    this.#hide();
    return waiter;
  }

  #hide(): void {
    clearTimeout(this.#timer);
    this.#player?.close();
    this.#player = null;
  }

  #wait(): void {
    this.#timer = setTimeout(
      () => this.fail(fail("failed", { detail: "the video did not arrive" })),
      ARRIVAL,
    );
  }
}
