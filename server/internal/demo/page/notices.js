// What the user should know during a call, one card for each matter.
import { $, icon, make } from "./element.js";
import { showRefusal } from "./refusal.js";
import { t } from "./text.js";

const shown = new Map();
const MOST = 4;

/** Shows a notice on a matter in the place of an older one, or takes it away for null. */
export function notify(matter, notice) {
  shown.get(matter)?.remove();
  shown.delete(matter);
  if (!notice) return;
  const card = make("div", { className: "notice", role: "alert", dataset: { matter } });
  if (notice.error) showRefusal(card, notice.title, notice.error);
  else card.append(make("p", {}, notice.text));
  if (notice.act) card.append(button(notice.action, () => void act(matter, notice)));
  if (notice.error) card.append(closer(matter));
  shown.set(matter, card);
  $("notices").append(card);
  const [oldest] = shown.keys();
  if (shown.size > MOST) notify(oldest, null);
}

async function act(matter, { act: doIt }) {
  await doIt();
  if (matter === "blocked") notify(matter, null);
}

/** Takes all notices away. */
export function clearNotices() {
  for (const matter of [...shown.keys()]) notify(matter, null);
}

function button(text, onClick) {
  const b = make("button", { type: "button" }, text);
  b.addEventListener("click", onClick);
  return b;
}

function closer(matter) {
  const b = make(
    "button",
    { type: "button", className: "quiet icon", ariaLabel: t("dismiss"), title: t("dismiss") },
    icon("close"),
  );
  b.addEventListener("click", () => notify(matter, null));
  return b;
}
