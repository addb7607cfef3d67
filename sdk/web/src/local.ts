import { Track, TrackEvent, type LocalTrack, type TrackPublishOptions } from "livekit-client";

import { asError, fail, type TrtcError } from "./error.js";
import type { Emit, MediaType, PublishState } from "./events.js";
import { noRightToSend } from "./rights.js";
import { Player, type Look } from "./view.js";

/** Where tracks are published: a room, while the user is in one and may speak. */
export interface Stage {
  publish(track: LocalTrack, options: TrackPublishOptions): Promise<void>;
  unpublish(track: LocalTrack): Promise<void>;
  holds(track: LocalTrack): boolean;
}

/** How a source begins. */
export interface Start {
  capture: () => Promise<LocalTrack[]>;
  publish: boolean;
  mute: boolean;
  elements: HTMLElement[];
  look: Look;
  options: TrackPublishOptions;
}

/** What of a source can be changed while it runs. */
export interface Change {
  publish?: boolean;
  mute?: boolean;
  deviceId?: string;
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
  #wanted = true;
  #state: PublishState = "stopped";
  #stage: Stage | null = null;
  /** Who started it: a stop puts another in its place, so that a start knows it was overtaken. */
  #run: object | null = null;

  constructor(
    readonly media: MediaType,
    private readonly emit: Emit,
  ) {}

  get running(): boolean {
    return this.#run !== null;
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
    if (change.publish !== undefined) {
      this.#wanted = change.publish;
      await (change.publish ? this.#publish() : this.#unpublish());
    }
  }

  /** Ends capturing, showing and publishing. */
  async stop(): Promise<void> {
    if (!this.#run) return;
    this.#run = null;
    const tracks = this.#tracks;
    const unpublished = this.#unpublish(tracks);
    this.#tracks = [];
    this.#player?.close();
    this.#player = null;
    tracks.forEach((t) => t.stop());
    await unpublished;
  }

  /** Gives it a stage: what was to be published is. It does not throw. */
  async enter(stage: Stage): Promise<void> {
    this.#stage = stage;
    if (this.#wanted && this.#tracks.length > 0) {
      await this.#publish().catch((e: unknown) => this.emit("error", asError(e)));
    }
  }

  /** Takes the stage away; what is captured goes on. `gone` says that the room is left too. */
  async leave(gone: boolean): Promise<void> {
    if (gone) {
      this.#to("stopped", { reason: "api-call" });
      this.#stage = null;
      return;
    }
    await this.#unpublish();
    this.#stage = null;
  }

  /**
   * Looks whether what was published still is. If not, the server ended it: a right was lost in
   * the middle of a call.
   */
  recheck(): void {
    if (this.#state !== "started" || !this.#stage) return;
    const stage = this.#stage;
    if (this.#tracks.every((t) => stage.holds(t))) return;
    const error = noRightToSend(this.media);
    this.#to("stopped", { reason: "error", error });
    this.#tracks.forEach((t) => void stage.unpublish(t).catch(() => undefined));
    this.emit("error", error);
  }

  async #publish(): Promise<void> {
    const stage = this.#stage;
    if (!stage || this.#state !== "stopped") return;
    this.#to("starting");
    try {
      for (const track of this.#tracks) await stage.publish(track, this.#options);
    } catch (e) {
      const error = this.#refused(e);
      this.#to("stopped", { reason: "error", error });
      throw error;
    }
    // Meanwhile the source may have been stopped, or the room left.
    if ((this.#state as PublishState) === "starting") this.#to("started");
  }

  async #unpublish(tracks = this.#tracks): Promise<void> {
    const stage = this.#stage;
    if (!stage || this.#state === "stopped") return;
    this.#to("stopped", { reason: "api-call" });
    await Promise.all(tracks.map((t) => stage.unpublish(t).catch(() => undefined)));
  }

  async #mute(mute: boolean): Promise<void> {
    await Promise.all(this.#tracks.map((t) => (mute ? t.mute() : t.unmute())));
  }

  async #use(deviceId: string): Promise<void> {
    const [track] = this.#tracks;
    if (!(await track?.setDeviceId({ exact: deviceId }))) {
      throw fail("device", { detail: "the browser did not switch to it", extraCode: 5301 });
    }
  }

  /** LiveKit says 403 of what the user's permissions do not allow. */
  #refused(thrown: unknown): TrtcError {
    const { status } = thrown as { status?: number };
    return status === 403 ? noRightToSend(this.media) : asError(thrown);
  }

  #endedByUser(track: LocalTrack): void {
    if (!this.#tracks.includes(track)) return;
    void this.stop();
    this.emit("screen-share-stopped", undefined);
  }

  #to(state: PublishState, why: { reason?: "api-call" | "error"; error?: TrtcError } = {}): void {
    const prevState = this.#state;
    if (prevState === state) return;
    this.#state = state;
    this.emit("publish-state-changed", { mediaType: this.media, state, prevState, ...why });
  }
}
