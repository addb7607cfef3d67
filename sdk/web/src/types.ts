/** Whether a user may publish. */
export type UserRole = "anchor" | "audience";

/** TRTC's two kinds of rooms: see {@link EnterRoomConfig.scene}. */
export type Scene = "rtc" | "live";

/** "main" is the camera with the microphone, "sub" is the screen. */
export type StreamType = "main" | "sub";

/** Where a video is shown: an element, its id, several elements, or null for nowhere. */
export type View = string | HTMLElement | HTMLElement[] | null;

/** How a video fills its view, as CSS object-fit says it. */
export type FillMode = "contain" | "cover" | "fill";

/** Options of {@link TRTC.create}. */
export interface TRTCOptions {
  /** Where the server is, as `https://rtc.example.com`. By default, where the page is from. */
  server?: string;
}

/** Arguments of {@link TRTC.enterRoom}. */
export interface EnterRoomConfig {
  /** The application's number, from 1 to 4294967295. */
  sdkAppId: number;
  /** The user, exactly as the UserSig has it: 1 to 255 bytes, no control characters. */
  userId: string;
  /** The UserSig that your server issued for this user. */
  userSig: string;
  /** A room's number, from 1 to 4294967294. It comes first if strRoomId is given too. */
  roomId?: number;
  /** A room's name, 1 to 64 bytes. Name "123" and number 123 are different rooms. */
  strRoomId?: string;
  /** The ticket for this room, if the application asks for one. */
  privateMapKey?: string;
  /** Changes nothing, and may stay where it is: rooms have one kind, in which the role counts. */
  scene?: Scene;
  /** Default "anchor". An "audience" publishes nothing until {@link TRTC.switchRole}. */
  role?: UserRole;
  /** Where the server is, if it is not where {@link TRTC.create} was told. */
  server?: string;
  /** Whether others are heard without further calls. Default true. */
  autoReceiveAudio?: boolean;
}

/** Arguments of {@link TRTC.renew}. What is not given stays as it is. */
export interface RenewConfig {
  /** A new UserSig of the same user. */
  userSig?: string;
  /** A new ticket for the same room. */
  privateMapKey?: string;
}

/** What {@link TRTC.renew} came to. */
export interface Renewal {
  /** Until when the user may stay now. */
  expiresAt: Date;
  /** The rights in this room, in TRTC's bits: 1 create, 2 enter, 4 and 8 audio, and so on. */
  allow: number;
}

/** Arguments of {@link TRTC.startLocalAudio} and {@link TRTC.updateLocalAudio}. */
export interface LocalAudioConfig {
  /** Whether others hear it. Default true. */
  publish?: boolean;
  /** Default false. */
  mute?: boolean;
  option?: {
    /** One of {@link TRTC.getMicrophoneList}. */
    microphoneId?: string;
    echoCancellation?: boolean;
    autoGainControl?: boolean;
    noiseSuppression?: boolean;
  };
}

/** What a camera is asked for. */
export interface VideoProfile {
  width: number;
  height: number;
  frameRate: number;
  /** In kilobits a second. */
  bitrate: number;
}

/** The names of {@link VIDEO_PROFILES}. */
export type VideoProfileName =
  "120p" | "180p" | "240p" | "360p" | "480p" | "720p" | "1080p" | "1440p" | "4K";

/** The names of {@link SCREEN_PROFILES}. */
export type ScreenProfileName = "480p" | "480p_2" | "720p" | "720p_2" | "1080p" | "1080p_2";

/** Arguments of {@link TRTC.startLocalVideo} and {@link TRTC.updateLocalVideo}. */
export interface LocalVideoConfig {
  /** Where the user sees the own camera. Default nowhere. */
  view?: View;
  /** Whether others see it. Default true. */
  publish?: boolean;
  /** Turns the camera off and its publication to black. Default false. */
  mute?: boolean;
  option?: {
    /** One of {@link TRTC.getCameraList}. */
    cameraId?: string;
    /** The camera on the user's side of a phone, or the one on the other side. Not with cameraId. */
    useFrontCamera?: boolean;
    /** Default "480p". When updating, a profile is not changed. */
    profile?: VideoProfileName | VideoProfile;
    /** Default "cover". */
    fillMode?: FillMode;
    /** Whether the user's own picture is mirrored for the user. Default true. */
    mirror?: boolean;
  };
}

/** Arguments of {@link TRTC.startScreenShare} and {@link TRTC.updateScreenShare}. */
export interface ScreenShareConfig {
  /** Where the user sees the own screen. Default nowhere. */
  view?: View;
  /** Whether others see it. Default true. */
  publish?: boolean;
  option?: {
    /** Whether the sound of what is shared goes with it. Default false. */
    systemAudio?: boolean;
    /** Default up to 1920 by 1080, 15 frames a second. When updating, a profile is not changed. */
    profile?: ScreenProfileName | VideoProfile;
    /** Default "contain". */
    fillMode?: FillMode;
  };
}

/** Arguments of {@link TRTC.startRemoteVideo} and {@link TRTC.updateRemoteVideo}. */
export interface RemoteVideoConfig {
  userId: string;
  streamType: StreamType;
  /** Where it is shown. */
  view?: View;
  option?: {
    /** Default "cover" for the camera and "contain" for the screen. */
    fillMode?: FillMode;
    /** Default false. */
    mirror?: boolean;
  };
}

/** Arguments of {@link TRTC.stopRemoteVideo}. */
export interface StopRemoteVideoConfig {
  /** A user, or "*" for all. */
  userId: string;
  /** Needed unless userId is "*". */
  streamType?: StreamType;
}
