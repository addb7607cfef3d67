import type { ScreenProfileName, VideoProfile, VideoProfileName } from "./types.js";

/** What the names of TRTC's video profiles mean. */
export const VIDEO_PROFILES: Readonly<Record<VideoProfileName, VideoProfile>> = {
  "120p": { width: 160, height: 120, frameRate: 15, bitrate: 200 },
  "180p": { width: 320, height: 180, frameRate: 15, bitrate: 350 },
  "240p": { width: 320, height: 240, frameRate: 15, bitrate: 400 },
  "360p": { width: 640, height: 360, frameRate: 15, bitrate: 800 },
  "480p": { width: 640, height: 480, frameRate: 15, bitrate: 900 },
  "720p": { width: 1280, height: 720, frameRate: 15, bitrate: 1500 },
  "1080p": { width: 1920, height: 1080, frameRate: 15, bitrate: 2000 },
  "1440p": { width: 2560, height: 1440, frameRate: 30, bitrate: 4860 },
  "4K": { width: 3840, height: 2160, frameRate: 30, bitrate: 9000 },
};

/** What the names of TRTC's screen profiles mean. */
export const SCREEN_PROFILES: Readonly<Record<ScreenProfileName, VideoProfile>> = {
  "480p": { width: 640, height: 480, frameRate: 5, bitrate: 900 },
  "480p_2": { width: 640, height: 480, frameRate: 30, bitrate: 1000 },
  "720p": { width: 1280, height: 720, frameRate: 5, bitrate: 1200 },
  "720p_2": { width: 1280, height: 720, frameRate: 30, bitrate: 3000 },
  "1080p": { width: 1920, height: 1080, frameRate: 5, bitrate: 1600 },
  "1080p_2": { width: 1920, height: 1080, frameRate: 30, bitrate: 4000 },
};
