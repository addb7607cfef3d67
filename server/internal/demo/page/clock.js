// The time that is left: in words, and beside the call.
import { $ } from "./element.js";
import { t } from "./text.js";

/** Says how long something is, in at most two units. */
export function words(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const units = [
    ["days", Math.floor(seconds / 86400)],
    ["hours", Math.floor(seconds / 3600) % 24],
    ["minutes", Math.floor(seconds / 60) % 60],
    ["seconds", seconds % 60],
  ];
  const first = units.findIndex(([, n]) => n > 0);
  if (first < 0) return t("seconds", 0);
  const largest = units.slice(first, first + 2).filter(([, n]) => n > 0);
  return largest.map(([unit, n]) => t(unit, n)).join(" ");
}

/** Shows when the user's stay ends. */
export class Countdown {
  #end = null;
  #timer = 0;

  /** Shows an end, in milliseconds by this page's clock, or nothing for null. */
  set(end) {
    this.#end = end;
    clearInterval(this.#timer);
    if (end !== null) this.#timer = setInterval(() => this.draw(), 1000);
    this.draw();
  }

  draw() {
    const pill = $("left");
    pill.hidden = this.#end === null;
    if (this.#end === null) return;
    const left = this.#end - Date.now();
    const text = left > 0 ? t("left", words(left)) : t("ended");
    if (pill.textContent === text) return;
    pill.textContent = text;
    pill.title = t("timeLeft", words(left));
    pill.dataset.urgency = left <= 60_000 ? "high" : left <= 600_000 ? "some" : "none";
  }
}
