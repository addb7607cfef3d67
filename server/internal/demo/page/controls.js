// The buttons below the call, and what they do.
import { $, icon, make } from "./element.js";
import { say, t } from "./text.js";

export class Controls {
  #trtc;
  #on;
  #view = null;
  #started = { mic: false, cam: false };
  #state = { mic: false, cam: false, screen: false };
  #listening = new AbortController();

  constructor(trtc, on) {
    this.#trtc = trtc;
    this.#on = on;
    const click = (id, act) =>
      $(id).addEventListener("click", act, { signal: this.#listening.signal });
    click("mic", () => this.#once("mic", () => this.#toggle("mic")));
    click("cam", () => this.#once("cam", () => this.#toggle("cam")));
    click("share", () => this.#once("share", () => this.#toggleScreen()));
    click("show-people", () => this.#togglePeople());
    click("renew", () => on.onRenew());
    click("left", () => on.onRenew());
    click("leave", () => on.onLeave());
  }

  /** Starts what the user wanted to start with, and shows the camera in a view. */
  async start({ mic, cam }, view) {
    this.#view = view;
    const wanted = [
      mic && this.#once("mic", () => this.#toggle("mic")),
      cam && this.#once("cam", () => this.#toggle("cam")),
    ];
    await Promise.all(wanted);
    this.draw();
  }

  /** Ends everything that was started. */
  stop() {
    this.#listening.abort();
    void this.#trtc.stopLocalAudio();
    void this.#trtc.stopLocalVideo();
    void this.#trtc.stopScreenShare();
  }

  /** The user has ended it in the browser's own bar. */
  screenStopped() {
    this.#set({ screen: false });
  }

  /** The server may end a publication: then the button must not say that it goes on. */
  published({ mediaType, state, reason }) {
    if (state !== "stopped" || reason !== "error") return;
    if (mediaType === "screen") {
      void this.#trtc.stopScreenShare();
      this.#set({ screen: false });
      return;
    }
    const what = mediaType === "audio" ? "mic" : "cam";
    this.#started[what] = false;
    void (what === "mic" ? this.#trtc.stopLocalAudio() : this.#trtc.stopLocalVideo());
    this.#set({ [what]: false });
  }

  draw() {
    const { mic, cam, screen } = this.#state;
    face("mic", mic ? "mic" : "mic-off", t("mic"), t(mic ? "mute" : "unmute"), mic);
    face("cam", cam ? "cam" : "cam-off", t("camera"), t(cam ? "stopCamera" : "startCamera"), cam);
    face("share", "screen", t("share"), t(screen ? "stopSharing" : "shareScreen"), screen);
    face(
      "show-people",
      "people",
      t("showPeople"),
      t("people"),
      document.body.classList.contains("with-people"),
    );
    face("renew", "key", t("renew"), t("renewal"));
    face("leave", "leave", t("leave"), t("leaveRoom"));
    $("share").hidden = !navigator.mediaDevices?.getDisplayMedia; // phones have none
  }

  async #toggle(what) {
    const on = !this.#state[what];
    const call = (verb, config) =>
      this.#trtc[`${verb}Local${what === "mic" ? "Audio" : "Video"}`](config);
    if (this.#started[what]) await call("update", { mute: !on });
    else await call("start", what === "cam" ? { view: this.#view } : {});
    this.#started[what] = true;
    this.#set({ [what]: on });
    say(t(`${what}Is${on ? "On" : "Off"}`));
  }

  async #toggleScreen() {
    const on = !this.#state.screen;
    await (on
      ? this.#trtc.startScreenShare({ option: { systemAudio: true } })
      : this.#trtc.stopScreenShare());
    this.#set({ screen: on });
  }

  #togglePeople() {
    document.body.classList.toggle("with-people");
    this.draw();
  }

  #set(change) {
    Object.assign(this.#state, change);
    this.#on.onChange(this.#state);
    this.draw();
  }

  /** A second click waits for the first: devices take their time. */
  async #once(id, act) {
    const button = $(id);
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      await act();
    } catch (error) {
      this.#on.onError(error);
    } finally {
      button.ariaBusy = "false";
    }
  }
}

/** Gives a button its icon, its name, what it would do, and its key. */
function face(id, picture, name, act, pressed) {
  const button = $(id);
  const key = button.getAttribute("aria-keyshortcuts");
  button.replaceChildren(icon(picture), make("span", { className: "caption" }, name));
  button.title = `${act} (${key})`;
  if (pressed !== undefined) button.setAttribute("aria-pressed", String(pressed));
}
