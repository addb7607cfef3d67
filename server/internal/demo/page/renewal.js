// The dialog in which a newer UserSig, or PrivateMapKey, is handed in.
import { isToken, readConfig, Wrong } from "./config.js";
import { $, make } from "./element.js";
import { showRefusal } from "./refusal.js";
import { t } from "./text.js";

export class Renewal {
  #call = null;

  constructor() {
    $("renewal-close").addEventListener("click", () => this.close());
    $("renewal").addEventListener("close", () => this.#clear());
    $("renewal").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#go();
    });
  }

  open(call) {
    this.#call = call;
    $("renewal").showModal();
    $("new-sig").focus();
  }

  close() {
    $("renewal").close();
  }

  async #go() {
    const call = this.#call;
    $("renewal-why").replaceChildren();
    $("renewal-go").disabled = true;
    try {
      await call.renew(read(call.choice));
      this.close();
    } catch (error) {
      this.#refused(error);
    } finally {
      $("renewal-go").disabled = false;
    }
  }

  #refused(error) {
    if (error.reason === "aborted")
      this.close(); // the call has ended, and says itself why
    else if (error instanceof Wrong) $("renewal-why").append(wrong(error));
    else showRefusal($("renewal-why"), "notPossible", error);
  }

  /** What was typed is not left lying about. */
  #clear() {
    $("new-sig").value = "";
    $("new-ticket").value = "";
    $("renewal-why").replaceChildren();
  }
}

function wrong({ key, rest }) {
  return make("p", { className: "wrong", dataset: { key } }, t(key, ...rest));
}

/** Reads what was pasted: a UserSig, a demo config with one of the same user, a PrivateMapKey. */
function read({ sdkAppId, user }) {
  const proof = {};
  const sig = $("new-sig").value.trim();
  const ticket = $("new-ticket").value.trim();
  if (sig !== "") proof.userSig = isToken(sig) ? sig : fromConfig(sig, sdkAppId, user.userId);
  if (ticket !== "") proof.privateMapKey = ticket;
  if (sig === "" && ticket === "") throw new Wrong("wrong_nothing");
  return proof;
}

/** What is no JSON at all was meant to be a UserSig. */
function configOf(text) {
  try {
    return readConfig(text);
  } catch (error) {
    throw error.key === "wrong_syntax" && !/^[[{]/.test(text) ? new Wrong("wrong_newSig") : error;
  }
}

function fromConfig(text, sdkAppId, userId) {
  const config = configOf(text);
  const found = config.users.find((u) => u.userId === userId);
  if (!found || config.sdkAppId !== sdkAppId) throw new Wrong("wrong_nobody", userId);
  return found.userSig;
}
