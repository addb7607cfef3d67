/** Measures how loud one track is. */
export interface Meter {
  /** How loud it is now: the root of the mean square of its samples, 0 to 1. */
  level(): number;
  close(): void;
}

/** Browsers have few of these, so all meters share one, as long as there are any. */
let shared: { context: AudioContext; meters: number } | null = null;

/** Begins to measure a track, which is not heard by that. */
export function meter(track: MediaStreamTrack): Meter {
  shared ??= { context: new AudioContext(), meters: 0 };
  shared.meters++;
  const { context } = shared;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    level: () => {
      // Until the user has clicked, the browser measures nothing.
      if (context.state === "suspended" && navigator.userActivation?.hasBeenActive) {
        void context.resume();
      }
      analyser.getFloatTimeDomainData(samples);
      return Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
    },
    close: () => {
      source.disconnect();
      if (!shared || --shared.meters > 0) return;
      void shared.context.close();
      shared = null;
    },
  };
}
