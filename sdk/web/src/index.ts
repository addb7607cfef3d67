/**
 * Audio and video rooms behind UserSig, in the shape of TRTC's web SDK.
 *
 * @packageDocumentation
 */
import { TRTC } from "./trtc.js";

export default TRTC;
export { TRTC, TYPE, type Support } from "./trtc.js";
export {
  ERROR_CODE,
  TrtcError,
  type ErrorDetails,
  type LocalReason,
  type Reason,
  type RefusalReason,
} from "./error.js";
export {
  EVENT,
  type ConnectionState,
  type EventMap,
  type Handler,
  type KickReason,
  type MediaType,
  type PublishState,
} from "./events.js";
export { SCREEN_PROFILES, VIDEO_PROFILES } from "./profiles.js";
export { REASONS, type ReasonInfo, type Text } from "./reasons.js";
export type * from "./types.js";
