import type { VideoCaptureOptions } from "livekit-client";

import type { Engine } from "./engine.js";
import { invalid } from "./error.js";
import type { Change, Start } from "./local.js";
import { VIDEO_PROFILES } from "./profiles.js";
import type {
  LocalAudioConfig,
  LocalVideoConfig,
  ScreenShareConfig,
  VideoProfile,
} from "./types.js";
import { elementsOf, type Look } from "./view.js";

/** Reads the arguments of startLocalAudio. */
export function asMicrophone(engine: Engine, config: LocalAudioConfig): Start {
  const { microphoneId, ...processing } = config.option ?? {};
  return {
    capture: async () => [await engine.microphone({ deviceId: microphoneId, ...processing })],
    publish: config.publish ?? true,
    mute: config.mute ?? false,
    elements: [],
    look: { fillMode: "cover", mirror: false },
    options: {},
  };
}

/** Reads the arguments of startLocalVideo. */
export function asCamera(engine: Engine, config: LocalVideoConfig): Start {
  const { option = {} } = config;
  const profile = profileOf(option.profile ?? "480p");
  const { width, height, frameRate } = profile;
  const capture: VideoCaptureOptions = {
    deviceId: option.cameraId,
    resolution: { width, height, frameRate },
  };
  if (option.useFrontCamera !== undefined) {
    capture.facingMode = option.useFrontCamera ? "user" : "environment";
  }
  return {
    capture: async () => [await engine.camera(capture)],
    publish: config.publish ?? true,
    mute: config.mute ?? false,
    elements: elementsOf(config.view),
    look: { fillMode: option.fillMode ?? "cover", mirror: option.mirror ?? true },
    options: {
      videoEncoding: { maxBitrate: profile.bitrate * 1000, maxFramerate: frameRate },
    },
  };
}

/** Reads the arguments of startScreenShare. */
export function asScreen(engine: Engine, config: ScreenShareConfig): Start {
  return {
    capture: async () => engine.screen({ audio: config.option?.systemAudio ?? false }),
    publish: config.publish ?? true,
    mute: false,
    elements: elementsOf(config.view),
    look: { fillMode: config.option?.fillMode ?? "contain", mirror: false },
    options: {},
  };
}

/** Reads the arguments of updateLocalAudio. */
export function microphoneChange(config: LocalAudioConfig): Change {
  return { publish: config.publish, mute: config.mute, deviceId: config.option?.microphoneId };
}

/** Reads the arguments of updateLocalVideo. */
export function cameraChange(config: LocalVideoConfig): Change {
  const { publish, mute, option = {} } = config;
  return { ...shown(config), publish, mute, deviceId: option.cameraId };
}

/** Reads the arguments of updateScreenShare. */
export function screenChange(config: ScreenShareConfig): Change {
  return { ...shown(config), publish: config.publish };
}

/** What is not given stays as it is. */
function shown(config: LocalVideoConfig | ScreenShareConfig): Change {
  const { fillMode, mirror } = (config.option ?? {}) as Partial<Look>;
  const look: Partial<Look> = {};
  if (fillMode !== undefined) look.fillMode = fillMode;
  if (mirror !== undefined) look.mirror = mirror;
  return config.view === undefined ? { look } : { look, elements: elementsOf(config.view) };
}

function profileOf(profile: unknown): VideoProfile {
  const named = (VIDEO_PROFILES as Partial<Record<string, VideoProfile>>)[String(profile)];
  const given = named ?? (profile as Partial<VideoProfile> | null) ?? {};
  const { width = 0, height = 0, frameRate = 0, bitrate = 0 } = given;
  for (const value of [width, height, frameRate, bitrate]) {
    if (!(typeof value === "number" && value > 0 && Number.isFinite(value))) {
      throw invalid("profile", "is neither a name like 480p nor four numbers above 0", 5005);
    }
  }
  return { width, height, frameRate, bitrate };
}
