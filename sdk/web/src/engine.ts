import {
  createLocalAudioTrack,
  createLocalScreenTracks,
  createLocalVideoTrack,
  Room,
  type AudioCaptureOptions,
  type LocalTrack,
  type VideoCaptureOptions,
} from "livekit-client";

import { fail } from "./error.js";

/** What we have of LiveKit's SDK and of the browser. Tests put another in its place. */
export interface Engine {
  room(): Room;
  microphone(options: AudioCaptureOptions): Promise<LocalTrack>;
  camera(options: VideoCaptureOptions): Promise<LocalTrack>;
  screen(options: { audio: boolean }): Promise<LocalTrack[]>;
}

/**
 * LiveKit's SDK. Tracks outlive what they are published in, because TRTC's stop is not its exit:
 * after exitRoom the camera still shows in its preview.
 */
export const livekit: Engine = {
  room: () => new Room({ dynacast: true, stopLocalTrackOnUnpublish: false }),
  microphone: (options) => captured(() => createLocalAudioTrack(options)),
  camera: (options) => captured(() => createLocalVideoTrack(options)),
  screen: (options) => {
    if (!sharesScreens()) {
      throw fail("not_supported", { detail: "it cannot share the screen", extraCode: 5205 });
    }
    return captured(() => createLocalScreenTracks({ audio: options.audio }));
  },
};

/** Whether the browser can share a screen; those of phones cannot. */
export function sharesScreens(): boolean {
  return typeof navigator !== "undefined" && !!navigator.mediaDevices?.getDisplayMedia;
}

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

async function captured<T>(capture: () => Promise<T>): Promise<T> {
  // Outside https and localhost a page has no devices at all.
  if (typeof navigator === "undefined" || !navigator.mediaDevices) {
    throw fail("not_supported", { detail: "the page is not served over https", extraCode: 5201 });
  }
  try {
    return await capture();
  } catch (cause) {
    const { name = "", message = String(cause) } = cause as Partial<Error>;
    throw fail("device", { detail: message, extraCode: DEVICE_CODES[name], cause });
  }
}

/**
 * Makes LiveKit's SDK show another credential when it next reconnects. It has no call for that,
 * because its own servers push new tokens to it; ours never makes one (nothing that the server
 * signed itself may open a door). The field is private, so the version of livekit-client is fixed
 * and a test reconnects with the real one.
 */
export function setToken(room: Room, token: string): void {
  const engine = room.engine as unknown as { token?: string } | undefined;
  if (typeof engine?.token !== "string") {
    throw fail("failed", { detail: "this version of livekit-client keeps its token elsewhere" });
  }
  engine.token = token;
}
