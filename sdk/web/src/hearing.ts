/** Which users are to be heard, and how loud. It may be said before a room is entered. */
export class Hearing {
  #all: boolean | null = null;
  readonly #muted = new Map<string, boolean>();
  #volumeOfAll = 1;
  readonly #volumes = new Map<string, number>();

  /** Mutes a user, or, as "*", all, also those who come later. */
  mute(userId: string, mute: boolean): void {
    if (userId !== "*") {
      this.#muted.set(userId, mute);
      return;
    }
    this.#all = mute;
    this.#muted.clear();
  }

  /** Whether a user is to be heard; auto is what holds if nothing was said. */
  wants(userId: string, auto: boolean): boolean {
    const muted = this.#muted.get(userId) ?? this.#all;
    return muted === null ? auto : !muted;
  }

  /** Sets how loud a user is, or, as "*", all; 1 is as sent. */
  setVolume(userId: string, volume: number): void {
    if (userId !== "*") {
      this.#volumes.set(userId, volume);
      return;
    }
    this.#volumeOfAll = volume;
    this.#volumes.clear();
  }

  volume(userId: string): number {
    return this.#volumes.get(userId) ?? this.#volumeOfAll;
  }

  /** Forgets who is muted, as leaving a room does. */
  reset(): void {
    this.#all = null;
    this.#muted.clear();
  }
}
