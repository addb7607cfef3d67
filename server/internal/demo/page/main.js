// The demo page: a lobby, in which a user and a room are chosen, and a call.
import { Call } from "./call.js";
import { $ } from "./element.js";
import { listenToKeys } from "./keys.js";
import { Lobby } from "./lobby.js";
import { Renewal } from "./renewal.js";
import { say, t, toggle, translate } from "./text.js";

const lobby = new Lobby(enter);
const renewal = new Renewal();
let call = null;

/** Enters a room, or shows in the lobby why not. */
async function enter(choice) {
  if (call) return;
  call = new Call(choice, {
    renewal,
    onEnd: ended,
    onRenew: (userSig) => lobby.replace(choice.user, userSig),
  });
  lobby.busy(true);
  try {
    const entered = call;
    await entered.enter();
    if (call !== entered) return; // it has ended already, and the lobby says why
    lobby.hide();
    entered.show();
  } catch (error) {
    call = null;
    lobby.refused("notLetIn", error);
  } finally {
    lobby.busy(false);
  }
}

/** Returns to the lobby. The error says why, if it was not the user's wish. */
function ended(title, error) {
  call = null;
  lobby.show();
  if (error) lobby.refused(title, error);
  else say(t("youLeft"));
}

function draw() {
  $("language").textContent = t("otherLanguage");
  lobby.draw();
  call?.draw();
}

$("language").addEventListener("click", () => {
  toggle();
  $("language").lang = document.documentElement.lang === "en" ? "zh" : "en";
  draw();
});
translate();
listenToKeys();
lobby.start();
draw();
