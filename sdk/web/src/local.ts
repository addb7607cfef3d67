import {
  Track,
  TrackEvent,
  type LocalTrack,
  type TrackPublishOptions,
  type VideoResolution,
} from "livekit-client";

import { switched } from "./device.js";
import { asError, fail } from "./error.js";
import type { Emit, MediaType } from "./events.js";
import { Publisher, type Stage } from "./publisher.js";
import { Player, type Look } from "./view.js";

/** How a source begins. */
export interface Start {
  capture: () => Promise<LocalTrack[]>;
  publish: boolean;
  mute: boolean;
  elements: HTMLElement[];
  look: Look;
  options: TrackPublishOptions;
  /** Of a camera: what it was asked for. */
  resolution?: VideoResolution;
}

/** The side of a phone that a camera looks to: the user's, or the other. */
export type Side = "user" | "environment";

/** What of a source can be changed while it runs. */
export interface Change {
  publish?: boolean;
  mute?: boolean;
  deviceId?: string;
  side?: Side | undefined;
  elements?: HTMLElement[];
  look?: Partial<Look>;
}

/**
 * The microphone, the camera or the screen: captured, perhaps shown to the user, and published
 * whenever there is a stage. It runs before a room is entered and after it was left.
 */
export class LocalSource {
  #tracks: LocalTrack[] = [];
  #player: Player | null = null;
  #look: Look = { fillMode: "cover", mirror: false };
  #options: TrackPublishOptions = {};
  #resolution: VideoResolution | undefined;
  #wanted = true;
  /** Who started it: a stop puts another in its place, so that a start knows it was overtaken. */
  #run: object | null = null;

  readonly #publisher: Publisher;

  constructor(
    private readonly media: MediaType,
    private readonly emit: Emit,
  ) {
    this.#publisher = new Publisher(media, emit);
  }

  /** The track of the browser, or null if there is none. */
  track(kind: Track.Kind): MediaStreamTrack | null {
    return this.#tracks.find((t) => t.kind === kind)?.mediaStreamTrack ?? null;
  }

  /** Captures and, on a stage, publishes. If either fails, nothing has started. */
  async start(start: Start): Promise<void> {
    if (this.#run) throw fail("invalid_operation", { detail: "it is started", extraCode: 5104 });
    const run = (this.#run = {});
    try {
      const tracks = await start.capture();
      if (this.#run !== run) {
        tracks.forEach((t) => t.stop());
        throw fail("aborted");
      }
      await this.#begin(tracks, start);
      if (this.#run !== run) throw fail("aborted");
    } catch (e) {
      if (this.#run === run) await this.stop();
      throw asError(e);
    }
  }

  async #begin(tracks: LocalTrack[], start: Start): Promise<void> {
    this.#tracks = tracks;
    this.#look = start.look;
    this.#options = start.options;
    this.#resolution = start.resolution;
    this.#wanted = start.publish;
    const video = tracks.find((t) => t.kind === Track.Kind.Video);
    this.#player = video ? new Player(video) : null;
    this.#player?.show(start.elements, start.look);
    // A LiveKit track says so when the browser ends it: the user stopped sharing, in its own bar.
    if (this.media === "screen") video?.once(TrackEvent.Ended, () => this.#endedByUser(video));
    if (start.mute) await this.#mute(true);
    // Muting takes a moment, in which it may have been stopped.
    if (start.publish && this.#tracks === tracks) await this.#publish();
  }

  async update(change: Change): Promise<void> {
    if (!this.#run || this.#tracks.length === 0) {
      throw fail("invalid_operation", { detail: "it is not started" });
    }
    this.#look = { ...this.#look, ...change.look };
    if (change.elements) this.#player?.show(change.elements, this.#look);
    else this.#player?.restyle(this.#look);
    if (change.deviceId !== undefined) await this.#use(change.deviceId);
    if (change.mute !== undefined) await this.#mute(change.mute);
    if (change.side !== undefined) await this.#turnTo(change.side);
    if (change.publish !== undefined) {
      this.#wanted = change.publish;
      await (change.publish ? this.#publish() : this.#publisher.unpublish(this.#tracks));
    }
  }

  /** Ends capturing, showing and publishing. */
  async stop(): Promise<void> {
    if (!this.#run) return;
    this.#run = null;
    const tracks = this.#tracks;
    const unpublished = this.#publisher.unpublish(tracks);
    this.#tracks = [];
    this.#player?.close();
    this.#player = null;
    tracks.forEach((t) => t.stop());
    await unpublished;
  }

  /** Gives it a stage: what was to be published is. It does not throw. */
  async enter(stage: Stage): Promise<void> {
    this.#publisher.stage = stage;
    if (this.#wanted && this.#tracks.length > 0) {
      await this.#publish().catch((e: unknown) => this.emit("error", asError(e)));
    }
  }

  /** Takes the stage away; what is captured goes on. `gone` says that the room is left too. */
  async leave(gone: boolean): Promise<void> {
    if (gone) {
      this.#publisher.lose();
      return;
    }
    const unpublished = this.#publisher.unpublish(this.#tracks);
    this.#publisher.stage = null;
    await unpublished;
  }

  /** Looks whether what was published still is. */
  recheck(): void {
    this.#publisher.recheck(this.#tracks);
  }

  #publish(): Promise<void> {
    return this.#publisher.publish(this.#tracks, this.#options);
  }

  async #mute(mute: boolean): Promise<void> {
    // The end of a mute captures anew.
    await switched(() => Promise.all(this.#tracks.map((t) => (mute ? t.mute() : t.unmute()))));
  }

  async #use(deviceId: string): Promise<void> {
    const [track] = this.#tracks;
    if (!(await switched(async () => track?.setDeviceId({ exact: deviceId })))) {
      throw fail("device", { detail: "the browser did not switch to it", extraCode: 5301 });
    }
  }

  async #turnTo(facingMode: Side): Promise<void> {
    const [track] = this.#tracks;
    // To look for the other camera is to turn it on.
    if (track?.isMuted) throw fail("invalid_operation", { detail: "end the mute first" });
    await switched(async () => track?.restartTrack({ facingMode, resolution: this.#resolution }));
  }

  #endedByUser(track: LocalTrack): void {
    if (!this.#tracks.includes(track)) return;
    void this.stop();
    this.emit("screen-share-stopped", undefined);
  }
}
