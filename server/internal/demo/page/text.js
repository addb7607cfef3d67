// The page's two languages: the browser's is taken, and the address may say otherwise.
import { en } from "./en.js";
import { zh } from "./zh.js";

const asked = new URLSearchParams(location.search).get("lang");
const chinese = asked ? asked.startsWith("zh") : navigator.language.startsWith("zh");
let texts = chinese ? zh : en;

/** The language of the page, "en" or "zh". */
export const language = () => (texts === zh ? "zh" : "en");

/** Whether that is the language of the browser too, and so of the SDK and the server. */
export const isBrowsers = () => navigator.language.startsWith("zh") === (texts === zh);

/** Returns a text of the page, with the rest put in. */
export function t(key, ...rest) {
  return (texts[key] ?? key).replace(/\{(\d)\}/g, (_, n) => rest[n] ?? "");
}

/** Puts the texts into a part of the page: of elements with data-t, and labels of those with data-label. */
export function translate(part = document) {
  document.documentElement.lang = texts === zh ? "zh-CN" : "en";
  for (const e of part.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
  for (const e of part.querySelectorAll("[data-label]")) {
    e.setAttribute("aria-label", t(e.dataset.label));
    if (e.matches("button")) e.title = t(e.dataset.label);
  }
}

/** Takes the other language. The address keeps it, so that nothing has to be stored. */
export function toggle() {
  texts = texts === zh ? en : zh;
  const url = new URL(location.href);
  url.searchParams.set("lang", language());
  history.replaceState(null, "", url);
  translate();
}

/** Says something to those who listen to the page. */
export function say(text) {
  document.getElementById("said").textContent = text;
}
