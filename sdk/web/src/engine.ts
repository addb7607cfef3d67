import {
  createLocalAudioTrack,
  createLocalScreenTracks,
  createLocalVideoTrack,
  Room,
  type AudioCaptureOptions,
  type LocalTrack,
  type ScreenShareCaptureOptions,
  type VideoCaptureOptions,
} from "livekit-client";

import { captured } from "./device.js";
import { fail } from "./error.js";
import { meter, type Meter } from "./meter.js";

/** What we have of LiveKit's SDK and of the browser. Tests put another in its place. */
export interface Engine {
  room(): Room;
  microphone(options: AudioCaptureOptions): Promise<LocalTrack>;
  camera(options: VideoCaptureOptions): Promise<LocalTrack>;
  screen(options: ScreenShareCaptureOptions): Promise<LocalTrack[]>;
  /** Measures how loud a track is. */
  meter(track: MediaStreamTrack): Meter;
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
    return captured(() => createLocalScreenTracks(options));
  },
  meter,
};

/** Whether the browser can share a screen; those of phones cannot. */
export function sharesScreens(): boolean {
  return typeof navigator !== "undefined" && !!navigator.mediaDevices?.getDisplayMedia;
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
