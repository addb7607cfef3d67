// Who is in the room, as a list.
import { icon, make } from "./element.js";
import { t } from "./text.js";

export class People {
  #all = new Map();

  constructor(list, count) {
    this.list = list;
    this.count = count;
  }

  get size() {
    return this.#all.size;
  }

  has(userId) {
    return this.#all.has(userId);
  }

  all() {
    return [...this.#all.values()];
  }

  /** Changes what is known of a user, who is added if new, and returns all of it. */
  change(userId, change) {
    const was = this.#all.get(userId);
    const person = { userId, ...was, ...change };
    this.#all.set(userId, person);
    const same = was && Object.keys(change).every((k) => was[k] === change[k]);
    if (!same) this.draw();
    return person;
  }

  remove(userId) {
    this.#all.delete(userId);
    this.draw();
  }

  clear() {
    this.#all.clear();
    this.draw();
  }

  draw() {
    const sorted = this.all().sort(
      (a, b) => Number(b.you) - Number(a.you) || (a.userId < b.userId ? -1 : 1),
    );
    this.list.replaceChildren(...sorted.map(row));
    this.count.textContent = this.size > 0 ? String(this.size) : "";
  }
}

function row({ userId, you, audio, video, screen, speaking }) {
  const mark = (name, text) =>
    make(
      "span",
      { className: `mark ${name}`, title: text },
      icon(name),
      make("span", { className: "unseen" }, text),
    );
  const marks = [];
  if (screen) marks.push(mark("screen", t("sharing")));
  if (!video) marks.push(mark("cam-off", t("cameraOff")));
  if (!audio) marks.push(mark("mic-off", t("muted")));
  else if (speaking) marks.push(mark("mic", t("speaking")));
  const name = make("span", { className: "id" }, you ? t("you", userId) : userId);
  return make(
    "li",
    { dataset: { user: userId }, className: speaking && audio ? "speaking" : "" },
    name,
    ...marks,
  );
}
