import { TRTC } from "./trtc.js";

// The single file for pages without a bundler: it is all there under one name.
(globalThis as unknown as { TRTC: typeof TRTC }).TRTC = TRTC;
