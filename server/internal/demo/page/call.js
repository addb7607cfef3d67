// One call: from entering a room to leaving it.
import { Company } from "./company.js";
import { Controls } from "./controls.js";
import { $ } from "./element.js";
import { notify, clearNotices } from "./notices.js";
import { causeOf } from "./refusal.js";
import { Stay } from "./stay.js";
import { announce } from "./tabs.js";
import { say, t } from "./text.js";

const { EVENT } = TRTC;

export class Call {
  #trtc = TRTC.create();
  #stay = new Stay();
  #company;
  #controls;
  #lost = false;
  #over = false;

  constructor(choice, { renewal, onEnd, onRenew }) {
    this.choice = choice;
    this.renewal = renewal;
    this.onEnd = onEnd;
    this.onRenew = onRenew;
    this.#company = new Company(this.#trtc, this.#me, (error) => this.#failed(error));
    this.#controls = new Controls(this.#trtc, {
      onChange: ({ mic, cam, screen }) => this.#company.markMe({ audio: mic, video: cam, screen }),
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
    await this.#stay.measure(user.userSig, ticket); // before, for the call can be over as soon as it is on
    try {
      await this.#trtc.enterRoom(wish);
    } catch (error) {
      this.#over = true;
      this.#stay.end();
      this.#controls.stop(); // or they would answer the next call's clicks
      throw error;
    }
    announce({ sdkAppId, userId: user.userId });
  }

  /** Shows the call, and begins to speak and to be seen. */
  show() {
    if (this.#over) return;
    $("call").hidden = false;
    document.body.classList.add("calling");
    const view = this.#company.join();
    this.draw();
    $("mic").focus({ preventScroll: true });
    say(t("youAreIn", this.#room, this.#me));
    const { mic, cam } = this.choice;
    void this.#controls.start({ mic, cam }, view);
  }

  draw() {
    if (this.#over) return;
    $("where").textContent = `${this.#room} · ${this.#me}`;
    this.#controls.draw();
    this.#company.draw();
    this.#stay.draw();
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
    this.#stay.extend(expiresAt);
    if (proof.userSig) this.onRenew(proof.userSig);
  }

  get #room() {
    const { roomId, strRoomId } = this.choice.room;
    return strRoomId === undefined ? String(roomId) : `“${strRoomId}”`;
  }

  #listen() {
    const on = (event, handler) => this.#trtc.on(event, (data) => this.#over || handler(data));
    on(EVENT.AUTOPLAY_FAILED, ({ resume }) =>
      notify("blocked", { text: t("blocked"), action: t("playNow"), act: resume }),
    );
    on(EVENT.RIGHTS_CHANGED, () => this.#rightsChanged());
    on(EVENT.USERSIG_EXPIRING, (notice) => this.#stay.warn(notice, () => this.renewal.open(this)));
    on(EVENT.CONNECTION_STATE_CHANGED, (change) => this.#connection(change));
    on(EVENT.SCREEN_SHARE_STOPPED, () => this.#controls.screenStopped());
    on(EVENT.PUBLISH_STATE_CHANGED, (change) => this.#controls.published(change));
    on(EVENT.ERROR, (error) => (this.#lost ? this.#removed("lost", error) : this.#failed(error)));
    on(EVENT.KICKED_OUT, (why) => this.#removed(`left_${why.reason}`, why));
  }

  #connection({ state, isReconnecting }) {
    this.#lost = state === "DISCONNECTED";
    const again = isReconnecting && state === "CONNECTING";
    notify("reconnecting", again ? { text: t("reconnecting") } : null);
  }

  #rightsChanged() {
    notify("rights", {
      text: t("rights"),
      action: t("dismiss"),
      act: () => notify("rights", null),
    });
    this.#company.watchAgain();
  }

  #failed(error) {
    if (error.reason === "aborted") return; // ended on purpose
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
    this.#stay.end();
    this.renewal.close();
    clearNotices();
    this.#company.clear();
    $("where").textContent = "";
    $("call").hidden = true;
    document.body.classList.remove("calling");
  }
}
