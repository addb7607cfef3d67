// Who is in the call: in the list, on the stage, and who of them speaks.
import { $ } from "./element.js";
import { EVERY, Levels } from "./levels.js";
import { People } from "./people.js";
import { Stage } from "./stage.js";
import { say, t } from "./text.js";

const { EVENT } = TRTC;

export class Company {
  #trtc;
  #me;
  #onError;
  #stage = new Stage($("stage"));
  #people = new People($("list"), $("count"));
  #levels = new Levels((userId, speaking) => this.mark(userId || this.#me, { speaking }));
  #gone = false;

  /** me is this user; onError is told why a video cannot be seen. */
  constructor(trtc, me, onError) {
    this.#trtc = trtc;
    this.#me = me;
    this.#onError = onError;
    const on = (event, handler) => trtc.on(event, (data) => this.#gone || handler(data));
    on(EVENT.REMOTE_USER_ENTER, ({ userId }) => this.#came(userId));
    on(EVENT.REMOTE_USER_EXIT, ({ userId }) => this.#went(userId));
    on(EVENT.REMOTE_AUDIO_AVAILABLE, ({ userId }) => this.mark(userId, { audio: true }));
    on(EVENT.REMOTE_AUDIO_UNAVAILABLE, ({ userId }) => this.mark(userId, { audio: false }));
    on(EVENT.REMOTE_VIDEO_AVAILABLE, (video) => void this.#watch(video));
    on(EVENT.REMOTE_VIDEO_UNAVAILABLE, (video) => this.#unwatch(video));
    on(EVENT.AUDIO_VOLUME, ({ result }) => this.#levels.take(result));
  }

  /** Shows this user too, and returns where the camera goes. */
  join() {
    this.mark(this.#me, {}, true);
    this.#trtc.enableAudioVolumeEvaluation(EVERY);
    return this.#stage.tile(this.#me, "main").view;
  }

  /** Marks what this user sends. */
  markMe(change) {
    this.mark(this.#me, change);
  }

  /** Tells the list and the tile of a user what has changed. */
  mark(userId, change, arrived = false) {
    if (this.#gone || (!arrived && !this.#people.has(userId))) return;
    const you = userId === this.#me;
    const person = this.#people.change(userId, { ...change, you });
    this.#stage.tile(userId, "main").mark(person);
    this.#alone();
  }

  /** What was refused before may be allowed now. */
  watchAgain() {
    for (const { userId, you, video, screen } of this.#people.all()) {
      if (you) continue;
      if (video) this.#watchIfDark(userId, "main");
      if (screen) this.#watchIfDark(userId, "sub");
    }
  }

  draw() {
    this.#people.draw();
    this.#stage.draw();
  }

  /** Ends it. */
  clear() {
    this.#gone = true;
    this.#trtc.enableAudioVolumeEvaluation(0);
    this.#stage.clear();
    this.#people.clear();
  }

  #came(userId) {
    this.mark(userId, {}, true);
    say(t("cameIn", userId));
  }

  #went(userId) {
    this.#levels.forget(userId);
    this.#people.remove(userId);
    this.#stage.remove(userId);
    this.#alone();
    say(t("wentOut", userId));
  }

  async #watch({ userId, streamType }) {
    const tile = this.#stage.tile(userId, streamType);
    this.mark(userId, streamType === "main" ? { video: true } : { screen: true });
    if (streamType === "sub") say(t("startsSharing", userId));
    try {
      await this.#trtc.startRemoteVideo({ userId, streamType, view: tile.view });
    } catch (error) {
      if (this.#gone || error.reason === "aborted") return;
      if (streamType === "sub") this.#stage.remove(userId, "sub");
      this.#onError(error);
    }
  }

  #unwatch({ userId, streamType }) {
    this.mark(userId, streamType === "main" ? { video: false } : { screen: false });
    if (streamType !== "sub") return;
    this.#stage.remove(userId, "sub");
    say(t("stopsSharing", userId));
  }

  #watchIfDark(userId, streamType) {
    const { view } = this.#stage.tile(userId, streamType);
    if (!view.hasChildNodes()) void this.#watch({ userId, streamType });
  }

  #alone() {
    this.#stage.hint(this.#people.size < 2 ? t("alone") : "");
  }
}
