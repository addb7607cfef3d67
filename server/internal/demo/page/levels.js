// Finds out who is speaking, from the sound itself.

const EVERY = 120; // milliseconds
const LOUD = 0.02;
const LINGERS = 600; // so that a mark does not flicker between words

export class Levels {
  #context = null;
  #watched = new Map();
  #timer = 0;

  /** Calls onChange(userId, speaking). */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /** Listens to a user; trackOf says what to, if there is anything yet. */
  watch(userId, trackOf) {
    this.#watched.set(userId, { trackOf, track: null, source: null, heard: 0, speaking: false });
    this.#context ??= new AudioContext();
    this.#timer ||= setInterval(() => this.#look(), EVERY);
  }

  unwatch(userId) {
    this.#watched.get(userId)?.source?.disconnect();
    this.#watched.delete(userId);
  }

  close() {
    clearInterval(this.#timer);
    void this.#context?.close();
    this.#watched.clear();
  }

  #look() {
    // Without a click of the user's the browser makes no sound, and nothing is measured.
    if (this.#context.state === "suspended" && navigator.userActivation?.hasBeenActive)
      void this.#context.resume();
    for (const [userId, one] of this.#watched) {
      const track = one.trackOf();
      if (track !== one.track) this.#connect(one, track);
      if (one.source && loudness(one.analyser) > LOUD) one.heard = Date.now();
      const speaking = Date.now() - one.heard < LINGERS;
      if (speaking === one.speaking) continue;
      one.speaking = speaking;
      this.onChange(userId, speaking);
    }
  }

  #connect(one, track) {
    one.source?.disconnect();
    one.track = track;
    one.source = track && this.#context.createMediaStreamSource(new MediaStream([track]));
    one.analyser = new AnalyserNode(this.#context, { fftSize: 1024 });
    one.source?.connect(one.analyser);
  }
}

function loudness(analyser) {
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
}
