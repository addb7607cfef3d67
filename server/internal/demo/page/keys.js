// Keyboard shortcuts: one letter for each button of the call.
import { $, make } from "./element.js";
import { t } from "./text.js";

const KEYS = { m: "mic", v: "cam", s: "share", p: "show-people", r: "renew", l: "leave" };

/** Makes the buttons' letters work, and the list of them open. */
export function listenToKeys() {
  $("help").addEventListener("click", open);
  $("keys-close").addEventListener("click", () => $("keys").close());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !$("keys-on").checked)
      return;
    if (document.querySelector("dialog[open]") || isTyping(event.target)) return;
    if (event.key === "?") open();
    const button = $(KEYS[event.key.toLowerCase()]);
    if (!button || button.hidden || $("call").hidden) return;
    event.preventDefault(); // or the letter would be typed into the dialog that it opens
    button.click();
  });
}

function isTyping(target) {
  return (
    target instanceof Element &&
    target.matches("input:not([type=radio], [type=checkbox]), textarea, select")
  );
}

function open() {
  const names = ["microphone", "camera", "shareScreen", "people", "renew", "leaveRoom"];
  const rows = Object.keys(KEYS).map((key, i) => [key.toUpperCase(), t(names[i])]);
  $("keys-list").replaceChildren(
    ...[...rows, ["?", t("keyHelp")]].map(([key, text]) =>
      make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)),
    ),
  );
  $("keys").showModal();
}
