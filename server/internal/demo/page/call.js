// One call: from entering a room to leaving it.
import { Countdown, words } from "./clock.js";
import { Controls } from "./controls.js";
import { $ } from "./element.js";
import { Levels } from "./levels.js";
import { notify, clearNotices } from "./notices.js";
import { People } from "./people.js";
import { causeOf } from "./refusal.js";
import { Stage } from "./stage.js";
import { announce } from "./tabs.js";
import { say, t } from "./text.js";
import { endOf } from "./usersig.js";

const { EVENT } = TRTC;

/** Errors by which something was ended on purpose. */
const expected = (error) => error.reason === "aborted";

export class Call {
  #trtc = TRTC.create();
  #countdown = new Countdown();
  #stage = new Stage($("stage"));
  #people = new People($("list"), $("count"));
  #levels = new Levels((userId, speaking) => this.#mark(userId, { speaking }));
  #controls;
  #skew = 0; // how far the server's clock is ahead of ours, once known
  #over = false;

  constructor(choice, { renewal, onEnd, onRenew }) {
    this.choice = choice;
    this.renewal = renewal;
    this.onEnd = onEnd;
    this.onRenew = onRenew;
    this.#controls = new Controls(this.#trtc, {
      onChange: (state) =>
        this.#mark(this.#me, { audio: state.mic, video: state.cam, screen: state.screen }),
      onError: (error) => this.#failed(error),
      onLeave: () => void this.leave(),
      onRenew: () => this.renewal.open(this),
    });
    this.#listen();
  }

  get #me() {
    return this.choice.user.userId;
  }

  /** Enters the room. Nobody is shown before: the server may refuse. */
  async enter() {
    const { sdkAppId, user, room, ticket } = this.choice;
    const wish = { sdkAppId, userId: user.userId, userSig: user.userSig, ...room };
    if (ticket) wish.privateMapKey = ticket;
    try {
      await this.#trtc.enterRoom(wish);
    } catch (error) {
      this.#over = true;
      throw error;
    }
    announce({ sdkAppId, userId: user.userId });
    await this.#measure(user.userSig, ticket);
  }

  /** Shows the call, and begins to speak and to be seen. */
  show() {
    $("call").hidden = false;
    document.body.classList.add("calling");
    this.#mark(this.#me, {}, true);
    this.#levels.watch(this.#me, () => this.#trtc.getAudioTrack());
    this.draw();
    $("mic").focus({ preventScroll: true });
    say(t("youAreIn", this.#room, this.#me));
    const { mic, cam } = this.choice;
    void this.#controls.start({ mic, cam }, this.#stage.tile(this.#me, "main").view);
  }

  draw() {
    if (this.#over) return;
    $("where").textContent = `${this.#room} · ${this.#me}`;
    this.#controls.draw();
    this.#people.draw();
    this.#stage.draw();
    this.#countdown.draw();
  }

  /** Leaves the room. */
  async leave() {
    if (this.#over) return;
    this.#end();
    await this.#trtc.exitRoom();
    this.#controls.stop();
    this.onEnd();
  }

  /** Hands in newer proof. It throws what the server says. */
  async renew(proof) {
    const { expiresAt } = await this.#trtc.renew(proof);
    const end = expiresAt.getTime() - this.#skew;
    this.#countdown.set(end);
    notify("expiring", null);
    say(t("renewed", words(end - Date.now())));
    if (proof.userSig) this.onRenew(proof.userSig);
  }

  get #room() {
    const { roomId, strRoomId } = this.choice.room;
    return strRoomId === undefined ? String(roomId) : `“${strRoomId}”`;
  }

  /** The stay ends with the first of the two. */
  async #measure(userSig, ticket) {
    const ends = await Promise.all([userSig, ticket].filter(Boolean).map(endOf));
    const known = ends.filter((end) => end !== null);
    this.#countdown.set(known.length > 0 ? Math.min(...known) : null);
  }

  #listen() {
    const on = (event, handler) => this.#trtc.on(event, (data) => this.#over || handler(data));
    on(EVENT.REMOTE_USER_ENTER, ({ userId }) => this.#came(userId));
    on(EVENT.REMOTE_USER_EXIT, ({ userId }) => this.#went(userId));
    on(EVENT.REMOTE_AUDIO_AVAILABLE, ({ userId }) => this.#mark(userId, { audio: true }));
    on(EVENT.REMOTE_AUDIO_UNAVAILABLE, ({ userId }) => this.#mark(userId, { audio: false }));
    on(EVENT.REMOTE_VIDEO_AVAILABLE, (video) => void this.#watch(video));
    on(EVENT.REMOTE_VIDEO_UNAVAILABLE, ({ userId, streamType }) =>
      this.#unwatch(userId, streamType),
    );
    on(EVENT.AUTOPLAY_FAILED, ({ resume }) =>
      notify("blocked", { text: t("blocked"), action: t("playNow"), act: resume }),
    );
    on(EVENT.RIGHTS_CHANGED, () => this.#rightsChanged());
    on(EVENT.USERSIG_EXPIRING, (notice) => this.#expiring(notice));
    on(EVENT.CONNECTION_STATE_CHANGED, ({ state, isReconnecting }) => {
      notify(
        "reconnecting",
        isReconnecting && state === "CONNECTING" ? { text: t("reconnecting") } : null,
      );
      this.lost = state === "DISCONNECTED";
    });
    on(EVENT.SCREEN_SHARE_STOPPED, () => this.#controls.screenStopped());
    on(EVENT.PUBLISH_STATE_CHANGED, (change) => this.#controls.published(change));
    on(EVENT.ERROR, (error) => (this.lost ? this.#removed("lost", error) : this.#failed(error)));
    on(EVENT.KICKED_OUT, (why) => this.#removed(`left_${why.reason}`, why));
  }

  #came(userId) {
    this.#mark(userId, {}, true);
    this.#levels.watch(userId, () => this.#trtc.getAudioTrack({ userId }));
    say(t("cameIn", userId));
  }

  #went(userId) {
    this.#levels.unwatch(userId);
    this.#people.remove(userId);
    this.#stage.remove(userId);
    this.#alone();
    say(t("wentOut", userId));
  }

  async #watch({ userId, streamType }) {
    const tile = this.#stage.tile(userId, streamType);
    this.#mark(userId, streamType === "main" ? { video: true } : { screen: true });
    if (streamType === "sub") say(t("startsSharing", userId));
    try {
      await this.#trtc.startRemoteVideo({ userId, streamType, view: tile.view });
    } catch (error) {
      if (!expected(error) && !this.#over) this.#refusedVideo(userId, streamType, error);
    }
  }

  #refusedVideo(userId, streamType, error) {
    if (streamType === "sub") this.#stage.remove(userId, "sub");
    this.#failed(error);
  }

  #unwatch(userId, streamType) {
    this.#mark(userId, streamType === "main" ? { video: false } : { screen: false });
    if (streamType !== "sub") return;
    this.#stage.remove(userId, "sub");
    say(t("stopsSharing", userId));
  }

  /** Tells the list and the tile of a user what has changed. */
  #mark(userId, change, arrived = false) {
    if (this.#over || (!arrived && !this.#people.has(userId))) return;
    const you = userId === this.#me;
    const person = this.#people.change(userId, { ...change, you });
    this.#stage.tile(userId, "main").mark(person);
    this.#alone();
  }

  #alone() {
    this.#stage.hint(this.#people.size < 2 ? t("alone") : "");
  }

  #rightsChanged() {
    notify("rights", {
      text: t("rights"),
      action: t("dismiss"),
      act: () => notify("rights", null),
    });
    for (const { userId, you, video, screen } of this.#people.all()) {
      if (you) continue;
      if (video) this.#watchAgain(userId, "main");
      if (screen) this.#watchAgain(userId, "sub");
    }
  }

  /** What was refused before may be allowed now. */
  #watchAgain(userId, streamType) {
    const { view } = this.#stage.tile(userId, streamType);
    if (!view.hasChildNodes()) void this.#watch({ userId, streamType });
  }

  #expiring({ expiresAt, seconds }) {
    this.#skew = expiresAt.getTime() - seconds * 1000 - Date.now();
    this.#countdown.set(expiresAt.getTime() - this.#skew);
    notify("expiring", {
      text: t("expiring", words(seconds * 1000)),
      action: t("renew"),
      act: () => this.renewal.open(this),
    });
  }

  #failed(error) {
    if (expected(error)) return;
    const title = error.code <= -100000 || error.code >= 70000 ? "notAllowed" : "notPossible";
    notify(`error-${error.reason}-${error.code}`, { title, error });
  }

  /** The server, or the network, has ended the call. */
  #removed(title, why) {
    this.#end();
    this.#controls.stop();
    const cause = causeOf(why);
    const known = t(title) !== title && cause.reason === why.reason;
    this.onEnd(known ? title : "hadToLeave", cause);
  }

  #end() {
    this.#over = true;
    announce(null);
    this.#levels.close();
    this.#countdown.set(null);
    this.renewal.close();
    clearNotices();
    this.#stage.clear();
    this.#people.clear();
    $("where").textContent = "";
    $("call").hidden = true;
    document.body.classList.remove("calling");
  }
}
