// The videos: tiles that arrange themselves, and screens above them all.
import { icon, make } from "./element.js";
import { t } from "./text.js";

const GAP = 12;
const WIDEST = 16 / 9;
const UPRIGHT = 3 / 4;
const CAMERA = 4 / 3;

/** One user's camera, or screen. */
class Tile {
  constructor(userId, stream) {
    this.userId = userId;
    this.stream = stream;
    this.view = make("div", { className: "view" });
    this.name = make("span", { className: "name" });
    this.avatar = make("span", { className: "avatar", ariaHidden: "true" }, initials(userId));
    this.avatar.dataset.hue = String([...userId].reduce((sum, c) => sum + c.codePointAt(0), 0) % 6);
    this.element = make(
      "figure",
      { className: `tile ${stream}`, dataset: { user: userId, stream } },
      this.avatar,
      this.view,
      make("figcaption", {}, this.name),
    );
    this.person = {};
    this.draw();
  }

  /** Shows how its user is. */
  mark(person) {
    this.person = person;
    this.draw();
  }

  draw() {
    const { you, audio, speaking } = this.person;
    const { classList } = this.element;
    if (this.stream === "sub") {
      this.name.replaceChildren(icon("screen"), make("span", {}, t("screenOf", this.userId)));
      return;
    }
    const marks = audio ? [] : [icon("mic-off")];
    const name = make("span", {}, you ? t("you", this.userId) : this.userId);
    this.name.replaceChildren(...marks, name);
    classList.toggle("speaking", Boolean(speaking && audio));
    classList.toggle("dark", !this.person.video);
  }
}

export class Stage {
  #tiles = new Map();
  #screens = make("div", { className: "screens" });
  #cameras = make("div", { className: "cameras" });
  #hint = make("p", { className: "alone" });
  #watcher = new ResizeObserver(() => this.arrange());

  constructor(element) {
    this.element = element;
    element.replaceChildren(this.#screens, this.#cameras, this.#hint);
    this.#watcher.observe(element);
  }

  /** The tile of a user's camera ("main") or screen ("sub"), which is made if there is none. */
  tile(userId, stream) {
    const key = `${stream}:${userId}`;
    let tile = this.#tiles.get(key);
    if (!tile) {
      tile = new Tile(userId, stream);
      this.#tiles.set(key, tile);
      (stream === "sub" ? this.#screens : this.#cameras).append(tile.element);
      this.arrange();
    }
    return tile;
  }

  /** Removes a tile of a user, or both. */
  remove(userId, stream) {
    for (const [key, tile] of [...this.#tiles]) {
      if (tile.userId !== userId || (stream && tile.stream !== stream)) continue;
      tile.element.remove();
      this.#tiles.delete(key);
    }
    this.arrange();
  }

  /** Says something to who is alone. */
  hint(text) {
    this.#hint.textContent = text;
    this.#hint.hidden = text === "";
  }

  draw() {
    for (const tile of this.#tiles.values()) tile.draw();
  }

  clear() {
    this.#watcher.disconnect();
    this.#tiles.clear();
    this.element.replaceChildren();
  }

  /** Gives all tiles of a kind the largest size with which they fit. */
  arrange() {
    this.element.classList.toggle("presenting", this.#screens.childElementCount > 0);
    for (const part of [this.#screens, this.#cameras]) {
      const { width, height } = part.getBoundingClientRect();
      // Only where there is no width to spare are cameras cut at their sides.
      const upright = part === this.#cameras && height > width;
      const size = largest(part.childElementCount, width, height, upright ? UPRIGHT : CAMERA);
      part.style.setProperty("--w", `${Math.floor(size.w)}px`);
      part.style.setProperty("--h", `${Math.floor(size.h)}px`);
    }
  }
}

/** The first letter of a user's ID, and the number at its end: all users of a demo config begin alike. */
function initials(userId) {
  const [first] = userId;
  const [, number = ""] = /[^0-9]0*(\d{1,2})$/.exec(userId) ?? [];
  return first.toUpperCase() + number;
}

/** The largest size of n equal tiles in a space, neither wider than 16:9 nor taller than is said. */
function largest(n, width, height, tallest) {
  let best = { w: 0, h: 0 };
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    let w = (width - GAP * (columns - 1)) / columns;
    let h = (height - GAP * (rows - 1)) / rows;
    if (w <= 0 || h <= 0) continue;
    w = Math.min(w, h * WIDEST);
    h = Math.min(h, w / tallest);
    if (w * h > best.w * best.h) best = { w, h };
  }
  return best;
}
