import { isBrowserSupported, LogLevel, setLogLevel, Track } from "livekit-client";

import {
  asCamera,
  asMicrophone,
  asScreen,
  cameraChange,
  microphoneChange,
  screenChange,
} from "./capture.js";
import { credentialOf } from "./credential.js";
import { listed } from "./device.js";
import { Door, serverOf } from "./door.js";
import { livekit, sharesScreens, type Engine } from "./engine.js";
import { ERROR_CODE, fail, invalid } from "./error.js";
import { EVENT, Handlers, type EventMap, type Handler } from "./events.js";
import { Hearing } from "./hearing.js";
import { LocalSource } from "./local.js";
import { REASONS } from "./reasons.js";
import { Session } from "./session.js";
import type * as T from "./types.js";
import { elementsOf, type Look } from "./view.js";
import { Volumes } from "./volumes.js";

/** TRTC's constants, as far as they mean something here. */
export const TYPE = {
  /** A live stream; it changes nothing here. */
  SCENE_LIVE: "live",
  /** A call; it changes nothing here. */
  SCENE_RTC: "rtc",
  /** Publishes and receives. */
  ROLE_ANCHOR: "anchor",
  /** Receives only. */
  ROLE_AUDIENCE: "audience",
  /** The camera. */
  STREAM_TYPE_MAIN: "main",
  /** The screen. */
  STREAM_TYPE_SUB: "sub",
} as const;

/** What {@link TRTC.isSupported} finds. */
export interface Support {
  /** Whether rooms can be entered, and camera and microphone used. */
  result: boolean;
  detail: {
    isWebRTCSupported: boolean;
    isMediaDevicesSupported: boolean;
    isScreenShareSupported: boolean;
  };
}

/**
 * A user's place in one room at a time, in the shape of TRTC's web SDK 5.
 *
 * All calls that may fail reject with a {@link TrtcError}.
 *
 * @example
 * const trtc = TRTC.create({ server: "https://rtc.example.com" });
 * trtc.on(TRTC.EVENT.REMOTE_VIDEO_AVAILABLE, ({ userId, streamType }) =>
 *   trtc.startRemoteVideo({ userId, streamType, view: "remote" }),
 * );
 * await trtc.enterRoom({ sdkAppId, userId, userSig, roomId: 8888 });
 * await trtc.startLocalAudio();
 * await trtc.startLocalVideo({ view: "local" });
 */
export class TRTC {
  /** The names of the events. */
  static readonly EVENT = EVENT;
  /** Roles and stream types. */
  static readonly TYPE = TYPE;
  /** The codes of errors that no server decided. */
  static readonly ERROR_CODE = ERROR_CODE;
  /** Every reason for which the server refuses: code, meaning and remedy, English and Chinese. */
  static readonly REASONS = REASONS;

  static #logLevel: 0 | 1 | 2 | 3 | 4 | 5 = LogLevel.warn;

  readonly #handlers = new Handlers();
  readonly #hearing = new Hearing();
  readonly #volumes: Volumes;
  readonly #audio = new LocalSource("audio", this.#handlers.emit);
  readonly #video = new LocalSource("video", this.#handlers.emit);
  readonly #screen = new LocalSource("screen", this.#handlers.emit);
  #session: Session | null = null;
  #role: T.UserRole = "anchor";
  #destroyed = false;

  private constructor(
    private readonly options: T.TRTCOptions,
    private readonly engine: Engine,
  ) {
    setLogLevel(TRTC.#logLevel);
    this.#volumes = new Volumes(engine, () => this.#sounds(), this.#handlers.emit);
  }

  /** Makes an object with which one user can be in one room at a time. */
  static create(options: T.TRTCOptions = {}): TRTC {
    return TRTC.over(livekit, options);
  }

  /** @internal Puts another in the place of LiveKit's SDK, for tests. */
  static over(engine: Engine, options: T.TRTCOptions = {}): TRTC {
    if (options.server !== undefined) serverOf(options.server);
    return new TRTC(options, engine);
  }

  /**
   * Enters a room. Arguments that cannot be right are refused without a request; what the server
   * refuses is rejected with its code, reason and remedy.
   *
   * A room can be entered again as soon as the connection is DISCONNECTED. Why the stay before has
   * ended is then not found out any more, and neither KICKED_OUT nor ERROR tells it.
   */
  async enterRoom(config: T.EnterRoomConfig): Promise<void> {
    this.#alive();
    const credential = credentialOf(config);
    const role = checkedRole(config.role ?? "anchor");
    checkedScene(config.scene ?? "rtc");
    const door = new Door(serverOf(config.server ?? this.options.server));
    this.#letGo();
    if (this.#session) {
      throw fail("invalid_operation", {
        detail: "a room was entered",
        extraCode: 5104,
        trtc: -3340,
      });
    }
    const session = (this.#session = new Session({
      engine: this.engine,
      door,
      credential,
      emit: this.#handlers.emit,
      hearing: this.#hearing,
      autoReceiveAudio: config.autoReceiveAudio ?? true,
      recheck: () => this.#sources.forEach((source) => source.recheck()),
      down: () => this.#sources.forEach((source) => void source.leave(true)),
      over: () => this.#forget(),
    }));
    this.#role = role;
    try {
      await session.open();
    } catch (e) {
      if (this.#session === session) this.#forget();
      throw e;
    }
    await this.#takeStage();
  }

  /** Leaves the room. Camera, microphone and screen go on until they are stopped. */
  async exitRoom(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    this.#forget();
    this.#sources.forEach((source) => void source.leave(true));
    await session.close();
  }

  /**
   * Begins or ends publishing. An audience publishes nothing; what it has started is published as
   * soon as it is an anchor. With a ticket it is handed in first: it may give rights, or take them.
   */
  async switchRole(role: T.UserRole, option: { privateMapKey?: string } = {}): Promise<void> {
    const session = this.#inRoom();
    checkedRole(role);
    const { privateMapKey } = option;
    if (privateMapKey !== undefined) await session.renew({ privateMapKey });
    this.#role = role;
    if (role === "anchor") await this.#takeStage();
    else await Promise.all(this.#sources.map((source) => source.leave(false)));
  }

  /**
   * Hands in a new UserSig, a new ticket, or both, and stays in the room. Call it on
   * {@link EVENT.USERSIG_EXPIRING}. The new proof is used for reconnections from then on.
   */
  async renew(config: T.RenewConfig): Promise<T.Renewal> {
    return this.#inRoom().renew(config);
  }

  /** Ends everything. Leave the room first; the object cannot be used again. */
  destroy(): void {
    this.#letGo();
    if (this.#session) throw fail("invalid_operation", { detail: "leave the room first" });
    this.#destroyed = true;
    this.#volumes.measure(0);
    this.#sources.forEach((source) => void source.stop());
    this.#handlers.remove("*");
  }

  /** Starts the microphone, before or after entering a room. */
  async startLocalAudio(config: T.LocalAudioConfig = {}): Promise<void> {
    this.#mayPublish(config.publish);
    await this.#audio.start(asMicrophone(this.engine, config));
  }

  /** Mutes, publishes or switches the microphone. */
  async updateLocalAudio(config: T.LocalAudioConfig): Promise<void> {
    this.#mayPublish(config.publish ?? false);
    await this.#audio.update(microphoneChange(config));
  }

  /** Ends the microphone. It does nothing if that is not started. */
  async stopLocalAudio(): Promise<void> {
    await this.#audio.stop();
  }

  /** Starts the camera, before or after entering a room. */
  async startLocalVideo(config: T.LocalVideoConfig = {}): Promise<void> {
    this.#mayPublish(config.publish);
    await this.#video.start(asCamera(this.engine, config));
  }

  /** Mutes, publishes or switches the camera, or shows it elsewhere. */
  async updateLocalVideo(config: T.LocalVideoConfig): Promise<void> {
    this.#mayPublish(config.publish ?? false);
    await this.#video.update(cameraChange(config));
  }

  /** Ends the camera. It does nothing if that is not started. */
  async stopLocalVideo(): Promise<void> {
    await this.#video.stop();
  }

  /** Shares the screen, a window or a tab: the browser asks the user which. */
  async startScreenShare(config: T.ScreenShareConfig = {}): Promise<void> {
    this.#mayPublish(config.publish);
    await this.#screen.start(asScreen(this.engine, config));
  }

  /** Publishes the screen, or shows it elsewhere. */
  async updateScreenShare(config: T.ScreenShareConfig): Promise<void> {
    this.#mayPublish(config.publish ?? false);
    await this.#screen.update(screenChange(config));
  }

  /** Ends sharing the screen. It does nothing if that is not started. */
  async stopScreenShare(): Promise<void> {
    await this.#screen.stop();
  }

  /**
   * Shows a user's camera or screen. It settles when the video is there. If this user may not
   * receive it, it is rejected with -102019, or -100006 of a screen.
   */
  async startRemoteVideo(config: T.RemoteVideoConfig): Promise<void> {
    const streamType = checkedStream(config.streamType);
    const elements = elementsOf(config.view);
    const look: Look = {
      fillMode: config.option?.fillMode ?? (streamType === "main" ? "cover" : "contain"),
      mirror: config.option?.mirror ?? false,
    };
    await this.#inRoom().remote.watch({ userId: config.userId, streamType, elements, look });
  }

  /** Shows a video that was started elsewhere or otherwise. */
  async updateRemoteVideo(config: T.RemoteVideoConfig): Promise<void> {
    const { userId, view, option } = config;
    const to = view === undefined ? null : elementsOf(view);
    this.#inRoom().remote.restyle(userId, checkedStream(config.streamType), to, { ...option });
  }

  /** Stops showing a user's camera or screen, or, for "*", everything. */
  async stopRemoteVideo(config: T.StopRemoteVideoConfig): Promise<void> {
    const { userId, streamType } = config;
    if (userId !== "*" && streamType === undefined) {
      throw invalid("streamType", 'is required unless userId is "*"', 5014);
    }
    this.#session?.remote.unwatch(userId, streamType && checkedStream(streamType));
  }

  /**
   * Stops or starts hearing a user, or, for "*", all: their sound is then not even received. It
   * may be said before entering, and is forgotten on leaving.
   */
  async muteRemoteAudio(userId: string, mute: boolean): Promise<void> {
    this.#hearing.mute(userId, mute);
    this.#session?.remote.syncAll();
  }

  /** Sets how loud a user is, or, for "*", all: from 0 to 100. Safari on phones ignores it. */
  setRemoteAudioVolume(userId: string, volume: number): void {
    if (typeof volume !== "number" || !(volume >= 0 && volume <= 100)) {
      throw invalid("volume", "must be a number from 0 to 100", 5005);
    }
    this.#hearing.setVolume(userId, volume / 100);
    this.#session?.remote.syncAll();
  }

  /**
   * Tells again and again, by {@link EVENT.AUDIO_VOLUME}, how loud everybody is: every so many
   * milliseconds, by default 2000. 0 ends it.
   */
  enableAudioVolumeEvaluation(interval = 2000): void {
    this.#alive();
    if (typeof interval !== "number" || Number.isNaN(interval)) {
      throw invalid("interval", "must be a number of milliseconds", 5005);
    }
    this.#volumes.measure(interval);
  }

  /** The track of one's own microphone or, with a userId, of a user's; null if there is none. */
  getAudioTrack(config: { userId?: string } = {}): MediaStreamTrack | null {
    if (!config.userId) return this.#audio.track(Track.Kind.Audio);
    return this.#session?.remote.track(config.userId, "audio") ?? null;
  }

  /** The track of one's own camera or screen or, with a userId, of a user's. */
  getVideoTrack(
    config: { userId?: string; streamType?: T.StreamType } = {},
  ): MediaStreamTrack | null {
    const stream = checkedStream(config.streamType ?? "main");
    if (config.userId) return this.#session?.remote.track(config.userId, stream) ?? null;
    return (stream === "main" ? this.#video : this.#screen).track(Track.Kind.Video);
  }

  /** Calls a function on every event of a kind. */
  on<E extends keyof EventMap>(event: E, handler: Handler<E>, context?: unknown): this {
    this.#handlers.add(event, handler, context);
    return this;
  }

  /** Ends that; without a function for all of a kind, and with "*" for all. */
  off<E extends keyof EventMap>(event: E | "*", handler?: Handler<E>): this {
    this.#handlers.remove(event, handler);
    return this;
  }

  /** Finds out whether the browser can do it. */
  static async isSupported(): Promise<Support> {
    const isWebRTCSupported = isBrowserSupported();
    const isMediaDevicesSupported = typeof navigator !== "undefined" && !!navigator.mediaDevices;
    const isScreenShareSupported = sharesScreens();
    return {
      result: isWebRTCSupported && isMediaDevicesSupported,
      detail: { isWebRTCSupported, isMediaDevicesSupported, isScreenShareSupported },
    };
  }

  /** Lists the cameras. Without the user's permission they have no names. */
  static getCameraList(requestPermission = true): Promise<MediaDeviceInfo[]> {
    return listed("videoinput", requestPermission);
  }

  /** Lists the microphones. */
  static getMicrophoneList(requestPermission = true): Promise<MediaDeviceInfo[]> {
    return listed("audioinput", requestPermission);
  }

  /** Lists the speakers. */
  static getSpeakerList(requestPermission = true): Promise<MediaDeviceInfo[]> {
    return listed("audiooutput", requestPermission);
  }

  /**
   * Sets what LiveKit's SDK writes to the console: 0 trace, 1 debug, 2 info, 3 warnings (default),
   * 4 errors, 5 nothing. Nothing is ever sent anywhere.
   */
  static setLogLevel(level: 0 | 1 | 2 | 3 | 4 | 5): void {
    TRTC.#logLevel = level;
    setLogLevel(TRTC.#logLevel);
  }

  get #sources(): LocalSource[] {
    return [this.#audio, this.#video, this.#screen];
  }

  /** What can be heard, by user; this user is "". */
  #sounds(): Map<string, MediaStreamTrack> {
    const own = this.#audio.track(Track.Kind.Audio);
    return new Map([
      ...(own ? [["", own] as const] : []),
      ...(this.#session?.remote.sounds() ?? []),
    ]);
  }

  async #takeStage(): Promise<void> {
    const session = this.#session;
    if (!session?.entered || this.#role !== "anchor") return;
    await Promise.all(this.#sources.map((source) => source.enter(session.stage)));
  }

  /** Leaves a room that is lost already, whatever is still being asked about it. */
  #letGo(): void {
    if (this.#session?.lost) void this.exitRoom();
  }

  #forget(): void {
    this.#session = null;
    this.#hearing.reset();
  }

  #alive(): void {
    if (this.#destroyed) throw fail("invalid_operation", { detail: "it was destroyed" });
  }

  #inRoom(): Session {
    if (this.#session?.entered) return this.#session;
    throw fail("invalid_operation", { detail: "no room was entered", extraCode: 5101 });
  }

  #mayPublish(publish = true): void {
    this.#alive();
    if (publish && this.#session && this.#role === "audience") {
      throw fail("invalid_operation", { detail: "an audience cannot publish", extraCode: 5107 });
    }
  }
}

function checkedRole(role: unknown): T.UserRole {
  if (role === "anchor" || role === "audience") return role;
  throw invalid("role", 'must be "anchor" or "audience"', 5005);
}

function checkedScene(scene: unknown): void {
  if (scene === "rtc" || scene === "live") return;
  throw invalid("scene", 'must be "rtc" or "live"', 5005);
}

function checkedStream(stream: unknown): T.StreamType {
  if (stream === "main" || stream === "sub") return stream;
  throw invalid("streamType", 'must be "main" or "sub"', 5005);
}
