// Shows why something did not work: code, reason and remedy.
import { icon, make } from "./element.js";
import { isBrowsers, language, t } from "./text.js";

/** The text and remedy of an error, in the page's language if that is not the browser's. */
function words(error) {
  const known = TRTC.REASONS[error.reason];
  if (isBrowsers() || !known) return [error.message, error.remedy ?? ""];
  return [known.text[language()], known.remedy[language()]];
}

/** Makes an error of ours for one of the server's reasons. */
export function refusalOf(reason) {
  const { code, trtc, text, remedy } = TRTC.REASONS[reason];
  return { reason, code, trtc, message: text[language()], remedy: remedy[language()] };
}

/** Names the cause of an end as everywhere else: TRTC says "banned" of a user who is blocked, too. */
export function causeOf({ reason, code, message, remedy }) {
  const [known] = Object.entries(TRTC.REASONS).filter(([, r]) => r.code === code);
  const [name, trtc] = known ? [known[0], known[1].trtc] : [reason, undefined];
  return { reason: name, code, trtc, message, remedy };
}

/**
 * Makes the card for an error, and puts it in a place in which there is no other then. `title` is
 * a text of the page. Without an error it takes the place's card away.
 */
export function showRefusal(place, title, error) {
  place.replaceChildren();
  if (!error) return null;
  const [message, remedy] = words(error);
  const fact = (name, value) =>
    make("span", {}, make("dt", {}, t(name)), make("dd", { className: name }, String(value)));
  const facts = [fact("code", error.code), fact("reason", error.reason)];
  if (error.trtc !== undefined && error.trtc !== error.code)
    facts.splice(1, 0, fact("trtc", error.trtc));
  const card = make(
    "section",
    { className: "refusal", dataset: { reason: error.reason, code: error.code, at: Date.now() } },
    icon("alert"),
    make(
      "div",
      {},
      make("h2", {}, t(title)),
      make("p", { className: "message" }, message),
      make("dl", {}, ...facts),
      make("p", { className: "remedy" }, make("strong", {}, `${t("remedy")}: `), remedy),
    ),
  );
  place.append(card);
  return card;
}
