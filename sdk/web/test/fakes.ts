import { EventEmitter } from "node:events";

import {
  DisconnectReason,
  RoomEvent,
  Track,
  TrackEvent,
  type LocalTrack,
  type Room,
} from "livekit-client";

import type { Engine } from "../src/engine.js";
import { FakeElement } from "./page.js";

/** A track of LiveKit's, local or remote. */
export class FakeTrack extends EventEmitter {
  stopped = false;
  isMuted = false;
  readonly mediaStreamTrack = {};
  readonly shownIn: FakeElement[] = [];
  device: unknown;

  constructor(
    readonly kind: "audio" | "video",
    readonly source: string,
  ) {
    super();
  }

  attach(element = new FakeElement("audio")): FakeElement {
    this.shownIn.push(element);
    return element;
  }

  detach(element: FakeElement): FakeElement {
    this.shownIn.splice(this.shownIn.indexOf(element), 1);
    return element;
  }

  stop(): void {
    this.stopped = true;
  }

  async mute(): Promise<void> {
    this.isMuted = true;
  }

  async unmute(): Promise<void> {
    this.isMuted = false;
  }

  /** What it was captured anew with. */
  again: unknown;

  async restartTrack(options: unknown): Promise<void> {
    this.again = options;
  }

  async setDeviceId(device: unknown): Promise<boolean> {
    this.device = device;
    return true;
  }
}

/** Something that a remote user publishes. */
export class FakePublication {
  isMuted = false;
  isDesired = false;
  track: FakeTrack | undefined;
  /** What the server is asked for, in order. */
  readonly asked: boolean[] = [];

  constructor(
    readonly trackSid: string,
    readonly kind: "audio" | "video",
    readonly source: string,
  ) {}

  setSubscribed(subscribed: boolean): void {
    this.isDesired = subscribed;
    this.asked.push(subscribed);
  }
}

export class FakeUser {
  readonly trackPublications = new Map<string, FakePublication>();
  readonly volumes = new Map<string, number>();

  constructor(
    readonly identity: string,
    ...publications: FakePublication[]
  ) {
    publications.forEach((p) => this.trackPublications.set(p.trackSid, p));
  }

  setVolume(volume: number, source: string): void {
    this.volumes.set(source, volume);
  }
}

/** This user's own side of a room. */
class FakeLocalParticipant {
  permissions = { canSubscribe: true, canPublish: true, canPublishSources: [] as number[] };
  attributes: Record<string, string> = {};
  readonly published: { track: FakeTrack; options: unknown }[] = [];
  refuse: Error | null = null;
  /** What of this is refused for another reason, as "audio" when the server did not answer. */
  fails: string | null = null;
  /** What a publication waits for. */
  wait: Promise<void> = Promise.resolve();
  readonly #pending = new Map<FakeTrack, Promise<void>>();

  constructor(private readonly room: FakeRoom) {}

  async publishTrack(track: FakeTrack, options: unknown): Promise<void> {
    const publishing = this.wait.then(() => {
      if (this.refuse) throw this.refuse;
      if (track.kind === this.fails) throw new Error("publication timed out");
      if (!this.published.some((p) => p.track === track)) this.published.push({ track, options });
    });
    this.#pending.set(track, publishing);
    await publishing.finally(() => this.#pending.delete(track));
  }

  /** Like LiveKit's, it waits for a publication that is under way. */
  async unpublishTrack(track: FakeTrack, stop: boolean): Promise<void> {
    await this.#pending.get(track);
    const at = this.published.findIndex((p) => p.track === track);
    if (at < 0) throw new Error("it is not published");
    this.published.splice(at, 1);
    if (stop) track.stop();
    this.room.emit(RoomEvent.LocalTrackUnpublished, { track }, this);
  }

  get trackPublications(): Map<number, { track: FakeTrack }> {
    return new Map(this.published.entries());
  }
}

/** A room of LiveKit's without a network: a test says what the server does. */
export class FakeRoom extends EventEmitter {
  state = "disconnected";
  readonly engine: { token?: string } = {};
  readonly localParticipant = new FakeLocalParticipant(this);
  readonly remoteParticipants = new Map<string, FakeUser>();
  url = "";
  options: unknown;
  played = 0;
  /** What connecting comes to. */
  answer: () => Promise<void> = () => Promise.resolve();

  async connect(url: string, token: string, options: unknown): Promise<void> {
    Object.assign(this, { url, options });
    this.engine.token = token;
    this.become("connecting");
    try {
      await this.answer();
    } catch (e) {
      this.drop(undefined);
      throw e;
    }
    this.emit(RoomEvent.SignalConnected);
    this.localParticipant.attributes = {}; // as the server's first update has them
    this.become("connected");
  }

  async disconnect(_stopTracks?: boolean): Promise<void> {
    if (this.state !== "disconnected") this.drop(DisconnectReason.CLIENT_INITIATED);
  }

  become(state: string): void {
    this.state = state;
    this.emit(RoomEvent.ConnectionStateChanged, state);
  }

  /** Ends the connection as the server, or the network, would. */
  drop(reason: DisconnectReason | undefined): void {
    this.localParticipant.published.length = 0;
    this.become("disconnected");
    this.emit(RoomEvent.Disconnected, reason);
  }

  /** Changes what this user may send: 2 microphone, 1 camera, 3 screen. */
  permit(...canPublishSources: number[]): void {
    const canPublish = canPublishSources.length > 0;
    this.localParticipant.permissions = { canSubscribe: true, canPublish, canPublishSources };
    this.emit(RoomEvent.ParticipantPermissionsChanged, undefined, this.localParticipant);
  }

  join(user: FakeUser): void {
    this.remoteParticipants.set(user.identity, user);
    this.emit(RoomEvent.ParticipantConnected, user);
  }

  leave(user: FakeUser): void {
    this.remoteParticipants.delete(user.identity);
    this.emit(RoomEvent.ParticipantDisconnected, user);
  }

  /** Brings the track that was asked for. */
  deliver(user: FakeUser, publication: FakePublication): FakeTrack {
    const track = new FakeTrack(publication.kind, publication.source);
    publication.track = track;
    this.emit(RoomEvent.TrackSubscribed, track, publication, user);
    return track;
  }

  /** Takes it away again. */
  withdraw(user: FakeUser, publication: FakePublication): void {
    const { track } = publication;
    publication.track = undefined;
    this.emit(RoomEvent.TrackUnsubscribed, track, publication, user);
  }

  /** Delivers a data packet, from nobody or from a participant. */
  data(said: unknown, topic: string, from = ""): void {
    const payload = new TextEncoder().encode(
      typeof said === "string" ? said : JSON.stringify(said),
    );
    this.emit(
      RoomEvent.DataReceived,
      payload,
      this.remoteParticipants.get(from),
      0,
      topic,
      0,
      from,
    );
  }

  async startAudio(): Promise<void> {
    this.played++;
  }

  async startVideo(): Promise<void> {
    this.played++;
  }
}

/** An engine whose rooms and devices are fakes. */
export class FakeEngine implements Engine {
  readonly rooms: FakeRoom[] = [];
  readonly tracks: FakeTrack[] = [];
  readonly asked: unknown[] = [];
  prepare: (room: FakeRoom) => void = () => undefined;
  /** What a device waits for before it is there. */
  wait: Promise<void> = Promise.resolve();

  get last(): FakeRoom {
    return this.rooms.at(-1) as FakeRoom;
  }

  room(): Room {
    const room = new FakeRoom();
    this.rooms.push(room);
    this.prepare(room);
    return room as unknown as Room;
  }

  microphone = (options: unknown) => this.#capture("audio", Track.Source.Microphone, options);
  camera = (options: unknown) => this.#capture("video", Track.Source.Camera, options);
  screen = async (options: { audio: boolean }) => {
    const tracks = [await this.#capture("video", Track.Source.ScreenShare, options)];
    if (!options.audio) return tracks;
    const sound = new FakeTrack("audio", Track.Source.ScreenShareAudio);
    this.tracks.push(sound);
    return [...tracks, sound as unknown as LocalTrack];
  };

  /** How loud which track is. */
  readonly levels = new Map<unknown, number>();
  meters = 0;

  meter = (track: unknown) => {
    this.meters++;
    return { level: () => this.levels.get(track) ?? 0, close: () => void this.meters-- };
  };

  async #capture(kind: "audio" | "video", source: string, options: unknown): Promise<LocalTrack> {
    this.asked.push(options);
    await this.wait;
    const track = new FakeTrack(kind, source);
    this.tracks.push(track);
    return track as unknown as LocalTrack;
  }
}

/** Ends a screen as the user does in the browser's own bar. */
export function endByUser(track: FakeTrack): void {
  track.emit(TrackEvent.Ended, track);
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
