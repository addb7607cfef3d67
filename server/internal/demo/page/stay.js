// How long the user may stay: until the UserSig, or the PrivateMapKey, ends.
import { Countdown, words } from "./clock.js";
import { notify } from "./notices.js";
import { say, t } from "./text.js";
import { endOf } from "./usersig.js";

export class Stay {
  #countdown = new Countdown();
  #skew = 0; // how far the server's clock is ahead of ours, once known

  /** Reads the end from what was shown at the door: the first of the two. */
  async measure(...proofs) {
    const ends = await Promise.all(proofs.filter(Boolean).map(endOf));
    const known = ends.filter((end) => end !== null);
    this.#countdown.set(known.length > 0 ? Math.min(...known) : null);
  }

  /** The server has said that it ends soon. */
  warn({ expiresAt, seconds }, renew) {
    this.#skew = expiresAt.getTime() - seconds * 1000 - Date.now();
    this.#countdown.set(expiresAt.getTime() - this.#skew);
    notify("expiring", {
      text: t("expiring", words(seconds * 1000)),
      action: t("renew"),
      act: renew,
    });
  }

  /** The server has said that it ends later. */
  extend(expiresAt) {
    const end = expiresAt.getTime() - this.#skew;
    this.#countdown.set(end);
    notify("expiring", null);
    say(t("renewed", words(end - Date.now())));
  }

  draw() {
    this.#countdown.draw();
  }

  end() {
    this.#countdown.set(null);
  }
}
