// Where the demo config, the user and the room are chosen.
import { words } from "./clock.js";
import { $, make } from "./element.js";
import { keep, readKept } from "./kept.js";
import { listenForConfigs } from "./loading.js";
import { refusalOf, showRefusal } from "./refusal.js";
import { listenToKind, readRoom } from "./room.js";
import { isTaken, watchTabs } from "./tabs.js";
import { say, t } from "./text.js";
import { endOf } from "./usersig.js";

export class Lobby {
  #config = null;
  #chosen = null;
  #picked = false; // by the user, or used: then another is not put in its place
  #busy = false;
  #shown = null;
  #mistake = null; // what was given and was no config

  constructor(onEnter) {
    this.onEnter = onEnter;
  }

  /** Begins: with the config that was kept in this tab, or the one that the server offers. */
  start() {
    listenForConfigs(
      (config) => this.#use(config),
      (wrong) => this.#wrong(wrong),
    );
    watchTabs(() => this.draw());
    $("forget").addEventListener("click", () => this.#forget());
    $("keep").addEventListener("change", () => this.#keep());
    $("join").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#enter();
    });
    listenToKind();
    void this.#first();
  }

  show() {
    $("lobby").hidden = false;
    this.draw();
    $("enter").focus();
  }

  hide() {
    $("lobby").hidden = true;
    this.refused("notLetIn", null);
  }

  /** While a room is being entered nothing else can be. */
  busy(busy) {
    this.#busy = busy;
    this.draw();
  }

  /** Shows why a room was not entered, or was left. */
  refused(title, error) {
    this.#shown = error && { title, error };
    const card = showRefusal($("why"), title, error);
    card?.scrollIntoView({ block: "nearest" });
  }

  /** Puts a newer UserSig in the place of a user's. */
  replace({ userId }, userSig) {
    const user = this.#config?.users.find((u) => u.userId === userId);
    if (!user) return;
    user.userSig = userSig;
    this.#keep();
  }

  draw() {
    const config = this.#config;
    $("load").hidden = config !== null;
    $("loaded").hidden = config === null;
    $("enter").disabled = this.#busy || config === null;
    $("enter").textContent = t(this.#busy ? "entering" : "enter");
    if (config) $("loaded-what").textContent = t("loaded", config.sdkAppId, config.users.length);
    this.#drawUsers();
    this.#drawWrong();
    if (this.#shown) this.refused(this.#shown.title, this.#shown.error);
  }

  #drawWrong() {
    const wrong = this.#mistake;
    $("wrong").textContent = wrong ? t(wrong.key, ...wrong.rest) : "";
    if (wrong) $("wrong").dataset.key = wrong.key;
  }

  #drawUsers() {
    const users = this.#config?.users ?? [];
    // The second tab offers the second user.
    if (!this.#picked)
      this.#chosen = users.findIndex((u) => !isTaken(this.#config.sdkAppId, u.userId));
    if (this.#chosen < 0) this.#chosen = 0;
    const rows = users.map((user, i) => this.#row(user, i));
    const focused = document.activeElement?.name === "user";
    $("users").replaceChildren(
      ...(rows.length ? rows : [make("p", { className: "hint" }, t("noUsers"))]),
    );
    if (focused) $("users").querySelector(":checked")?.focus();
  }

  #row(user, i) {
    const radio = make("input", {
      type: "radio",
      name: "user",
      value: String(i),
      checked: i === this.#chosen,
    });
    radio.addEventListener("change", () => {
      this.#chosen = i;
      this.#picked = true;
    });
    const left = make("span", { className: "left" });
    const row = make(
      "label",
      { className: "user" },
      radio,
      make("span", { className: "id" }, user.userId),
      left,
    );
    if (isTaken(this.#config.sdkAppId, user.userId)) left.textContent = t("otherTab");
    else
      void lifeOf(user).then(([text, kind]) =>
        Object.assign(left, { textContent: text, className: `left ${kind}` }),
      );
    return row;
  }

  #use(config) {
    this.#config = config;
    this.#picked = false;
    this.#keep();
    this.#mistake = null;
    $("pasted").value = "";
    $("file").value = "";
    this.draw();
    say(t("loaded", config.sdkAppId, config.users.length));
  }

  #wrong(wrong) {
    this.#mistake = wrong;
    $("pasted").value = ""; // it may have been a key
    $("file").value = "";
    this.#drawWrong();
  }

  #forget() {
    this.#config = null;
    $("keep").checked = false;
    this.#keep();
    this.draw();
    $("pasted").focus();
  }

  /** Stores the config if the user wants that, until the tab is closed. */
  #keep() {
    $("keep").checked = keep($("keep").checked ? this.#config : null);
  }

  async #first() {
    const kept = await readKept();
    if (this.#config) return; // the user was faster
    if (!kept) return;
    $("keep").checked = kept.inTab;
    this.#use(kept.config);
    $("enter").focus({ preventScroll: true });
  }

  async #enter() {
    const config = this.#config;
    const room = readRoom();
    if (!config || !room || this.#busy) return;
    this.refused("notLetIn", null);
    this.#picked = true;
    const user = config.users[this.#chosen];
    if (user.userSig.trim() === "") {
      this.refused("notLetIn", refusalOf("empty"));
      return;
    }
    const ticket = $("ticket").value.trim();
    const { checked: mic } = $("with-mic");
    const { checked: cam } = $("with-cam");
    await this.onEnter({ sdkAppId: config.sdkAppId, user, room, ticket, mic, cam });
  }
}

async function lifeOf(user) {
  if (user.userSig.trim() === "") return [t("noSig"), "bad"];
  const end = await endOf(user.userSig);
  if (end === null) return [t("unreadable"), "bad"];
  const left = end - Date.now();
  return left > 0 ? [t("left", words(left)), ""] : [t("ended"), "bad"];
}
