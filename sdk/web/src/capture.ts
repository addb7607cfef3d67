import type {
  TrackPublishOptions,
  VideoCaptureOptions,
  VideoEncoding,
  VideoResolution,
} from "livekit-client";

import type { Engine } from "./engine.js";
import { invalid } from "./error.js";
import type { Change, Side, Start } from "./local.js";
import { SCREEN_PROFILES, VIDEO_PROFILES } from "./profiles.js";
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
  const profile = profileOf(option.profile ?? "480p", VIDEO_PROFILES);
  const resolution = resolutionOf(profile);
  const capture: VideoCaptureOptions = { deviceId: option.cameraId, resolution };
  const facingMode = sideOf(option.useFrontCamera);
  if (facingMode) capture.facingMode = facingMode;
  return {
    capture: async () => [await engine.camera(capture)],
    publish: config.publish ?? true,
    mute: config.mute ?? false,
    elements: elementsOf(config.view),
    look: { fillMode: option.fillMode ?? "cover", mirror: option.mirror ?? true },
    options: { videoEncoding: encodingOf(profile) },
    resolution,
  };
}

/** Reads the arguments of startScreenShare. */
export function asScreen(engine: Engine, config: ScreenShareConfig): Start {
  const { profile: asked, systemAudio: audio = false } = config.option ?? {};
  const profile = asked === undefined ? null : profileOf(asked, SCREEN_PROFILES);
  const options: TrackPublishOptions = profile ? { screenShareEncoding: encodingOf(profile) } : {};
  return {
    capture: async () =>
      engine.screen(profile ? { audio, resolution: resolutionOf(profile) } : { audio }),
    publish: config.publish ?? true,
    mute: false,
    elements: elementsOf(config.view),
    look: { fillMode: config.option?.fillMode ?? "contain", mirror: false },
    options,
  };
}

/** Reads the arguments of updateLocalAudio. */
export function microphoneChange(config: LocalAudioConfig): Change {
  return { publish: config.publish, mute: config.mute, deviceId: config.option?.microphoneId };
}

/** Reads the arguments of updateLocalVideo. */
export function cameraChange(config: LocalVideoConfig): Change {
  const { publish, mute, option = {} } = config;
  const side = option.cameraId === undefined ? sideOf(option.useFrontCamera) : undefined;
  return { ...shown(config), publish, mute, deviceId: option.cameraId, side };
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

/** Which side of a phone a camera looks to. */
function sideOf(front: boolean | undefined): Side | undefined {
  if (front === undefined) return undefined;
  return front ? "user" : "environment";
}

function resolutionOf({ width, height, frameRate }: VideoProfile): VideoResolution {
  return { width, height, frameRate };
}

function encodingOf({ bitrate, frameRate }: VideoProfile): VideoEncoding {
  return { maxBitrate: bitrate * 1000, maxFramerate: frameRate };
}

function profileOf(profile: unknown, names: Partial<Record<string, VideoProfile>>): VideoProfile {
  const named = names[String(profile)];
  const given = named ?? (profile as Partial<VideoProfile> | null) ?? {};
  const { width = 0, height = 0, frameRate = 0, bitrate = 0 } = given;
  for (const value of [width, height, frameRate, bitrate]) {
    if (!(typeof value === "number" && value > 0 && Number.isFinite(value))) {
      throw invalid("profile", "is neither a name like 480p nor four numbers above 0", 5005);
    }
  }
  return { width, height, frameRate, bitrate };
}
