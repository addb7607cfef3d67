import type { Engine } from "./engine.js";
import type { Emit } from "./events.js";
import type { Meter } from "./meter.js";

/** The shortest time between two measurements, as in TRTC. */
const SHORTEST = 16;

/** What the root mean square of a very loud voice is; that counts as 100. */
const LOUDEST = 0.3;

/** Tells the page again and again how loud everybody is. */
export class Volumes {
  readonly #meters = new Map<string, { track: MediaStreamTrack; meter: Meter }>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly engine: Engine,
    /** Who can be heard now. */
    private readonly sounds: () => Map<string, MediaStreamTrack>,
    private readonly emit: Emit,
  ) {}

  /** Begins, with so many milliseconds between, or ends it for 0. */
  measure(interval: number): void {
    clearInterval(this.#timer);
    if (interval > 0) this.#timer = setInterval(() => this.#tell(), Math.max(interval, SHORTEST));
    else this.#listenTo(new Map());
  }

  #tell(): void {
    const sounds = this.sounds();
    this.#listenTo(sounds);
    const result = [...this.#meters].map(([userId, { meter }]) => ({
      userId,
      volume: Math.min(100, Math.round((meter.level() / LOUDEST) * 100)),
    }));
    this.emit("audio-volume", { result: result.sort((a, b) => b.volume - a.volume) });
  }

  #listenTo(sounds: Map<string, MediaStreamTrack>): void {
    for (const [userId, { track, meter }] of [...this.#meters]) {
      if (sounds.get(userId) === track) continue;
      meter.close();
      this.#meters.delete(userId);
    }
    for (const [userId, track] of sounds) {
      if (!this.#meters.has(userId)) {
        this.#meters.set(userId, { track, meter: this.engine.meter(track) });
      }
    }
  }
}
