import type { VideoProfile, VideoProfileName } from "./types.js";

/** What the names of TRTC's video profiles mean. */
export const VIDEO_PROFILES: Readonly<Record<VideoProfileName, VideoProfile>> = {
  "120p": { width: 160, height: 120, frameRate: 15, bitrate: 200 },
  "180p": { width: 320, height: 180, frameRate: 15, bitrate: 350 },
  "240p": { width: 320, height: 240, frameRate: 15, bitrate: 400 },
  "360p": { width: 640, height: 360, frameRate: 15, bitrate: 800 },
  "480p": { width: 640, height: 480, frameRate: 15, bitrate: 900 },
  "720p": { width: 1280, height: 720, frameRate: 15, bitrate: 1500 },
  "1080p": { width: 1920, height: 1080, frameRate: 15, bitrate: 2000 },
};
