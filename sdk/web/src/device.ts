import { Room } from "livekit-client";

import { fail } from "./error.js";

/** Why a device could not be had, in TRTC's numbers. */
const DEVICE_CODES: Record<string, number> = {
  NotFoundError: 5301,
  NotAllowedError: 5302,
  NotReadableError: 5303,
  OverconstrainedError: 5304,
  InvalidStateError: 5305,
  SecurityError: 5306,
  AbortError: 5307,
};

/** Asks the browser for a device, and says in our words why there is none. */
export async function captured<T>(capture: () => Promise<T>): Promise<T> {
  // Outside https and localhost a page has no devices at all.
  if (typeof navigator === "undefined" || !navigator.mediaDevices) {
    throw fail("not_supported", { detail: "the page is not served over https", extraCode: 5201 });
  }
  return switched(capture);
}

/** The same of a device that the page has had: it may be gone, or be somebody else's now. */
export async function switched<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (cause) {
    const { name = "", message = String(cause) } = cause as Partial<Error>;
    throw fail("device", { detail: message, extraCode: DEVICE_CODES[name], cause });
  }
}

/** Lists the devices of a kind. Without the user's permission they have no names. */
export function listed(kind: MediaDeviceKind, ask: boolean): Promise<MediaDeviceInfo[]> {
  return captured(() => Room.getLocalDevices(kind, ask));
}
