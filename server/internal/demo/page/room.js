// Which room the user wants: a number or a name.
import { $ } from "./element.js";
import { t } from "./text.js";

const roomKind = () => document.querySelector("[name=kind]:checked").value;

/** Offers a phone the keyboard that fits. */
export function listenToKind() {
  for (const radio of document.getElementsByName("kind")) {
    radio.addEventListener("change", () => {
      $("room").inputMode = roomKind() === "number" ? "numeric" : "text";
    });
  }
}

/** Reads the room, or says what is wrong with it. */
export function readRoom() {
  const input = $("room");
  const text = input.value.trim();
  const bytes = new TextEncoder().encode(text).length;
  let wrong = "";
  if (roomKind() === "number") {
    const id = Number(text);
    if (/^\d+$/.test(text) && id >= 1 && id <= 0xfffffffe) return { roomId: id };
    wrong = "wrong_room";
  } else {
    if (bytes >= 1 && bytes <= 64) return { strRoomId: text };
    wrong = "wrong_roomName";
  }
  input.setCustomValidity(t(wrong));
  input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
  input.reportValidity();
  return null;
}
