// Finds out who is speaking, from how loud everybody is.

/** How often to look, in milliseconds. */
export const EVERY = 120;

const LOUD = 7; // of 100
const LINGERS = 600; // so that a mark does not flicker between words

export class Levels {
  #heard = new Map();

  /** Calls onChange(userId, speaking). */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /** Takes what TRTC.EVENT.AUDIO_VOLUME says. */
  take(result) {
    const now = Date.now();
    for (const { userId, volume } of result) {
      if (volume < LOUD) continue;
      if (!this.#heard.has(userId)) this.onChange(userId, true);
      this.#heard.set(userId, now);
    }
    for (const [userId, at] of [...this.#heard]) {
      if (now - at < LINGERS) continue;
      this.#heard.delete(userId);
      this.onChange(userId, false);
    }
  }

  forget(userId) {
    this.#heard.delete(userId);
  }
}
