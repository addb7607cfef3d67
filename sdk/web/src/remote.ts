import {
  RoomEvent,
  Track,
  TrackEvent,
  TrackPublication,
  type RemoteParticipant,
  type RemoteTrack,
  type RemoteTrackPublication,
  type Room,
} from "livekit-client";

import { fail } from "./error.js";
import type { Emit, MediaType } from "./events.js";
import type { Hearing } from "./hearing.js";
import { mayNotReceive, noRightToReceive, type Rights } from "./rights.js";
import type { StreamType } from "./types.js";
import type { Look } from "./view.js";
import { Watched, type Wish } from "./watched.js";

/** What of a user can be received. */
interface Available {
  audio: boolean;
  main: boolean;
  sub: boolean;
}

/**
 * The others in a room. Nothing is subscribed to that nobody wants: sound by the page's
 * {@link Hearing}, video when the page asks to see it. Sound, too, may never come, if this user
 * may not hear; there is then nothing to do about it.
 */
export class RemoteUsers {
  /** What the page was told. */
  readonly #told = new Map<string, Available>();
  readonly #watched = new Map<string, Watched>();
  readonly #sounds = new Map<string, HTMLMediaElement>();
  /** Plays what the browser held back until the user clicks. */
  readonly #resume = async () => {
    await Promise.all([this.room.startAudio(), this.room.startVideo()]);
  };
  /** Does so at a click. If the browser still refuses, it says so again. */
  readonly #clicked = () => void this.#resume().catch(() => undefined);

  constructor(
    private readonly room: Room,
    private readonly emit: Emit,
    private readonly hearing: Hearing,
    private readonly autoReceiveAudio: boolean,
    private readonly rights: Rights,
  ) {
    const look = (_: unknown, user: RemoteParticipant) => this.sync(user);
    room
      .on(RoomEvent.ParticipantConnected, (user) => this.sync(user))
      .on(RoomEvent.ParticipantDisconnected, (user) => this.#left(user.identity))
      .on(RoomEvent.TrackPublished, look)
      .on(RoomEvent.TrackUnpublished, look)
      .on(RoomEvent.TrackMuted, (_, user) => user !== room.localParticipant && this.sync(user))
      .on(RoomEvent.TrackUnmuted, (_, user) => user !== room.localParticipant && this.sync(user))
      .on(RoomEvent.TrackSubscribed, (track, pub, user) => this.#subscribed(track, pub, user))
      .on(RoomEvent.TrackUnsubscribed, (_, pub) => this.#unsubscribed(pub))
      .on(RoomEvent.TrackSubscriptionFailed, (sid) =>
        this.#bySid(sid)?.fail(fail("failed", { detail: "the server cannot send the video" })),
      )
      .on(RoomEvent.TrackSubscriptionPermissionChanged, (pub, status) => {
        if (status !== TrackPublication.PermissionStatus.NotAllowed) return;
        const watched = this.#bySid(pub.trackSid);
        watched?.fail(noRightToReceive(watched.wish.streamType));
      });
  }

  /** Tells the page who is here. LiveKit's SDK has no events for those who were here before. */
  syncAll(): void {
    this.room.remoteParticipants.forEach((user) => this.sync(user));
  }

  /** Asks for what is wanted of a user, and tells the page what has changed. */
  sync(user: { identity: string }): void {
    const participant = this.room.remoteParticipants.get(user.identity);
    if (!participant) return;
    const userId = participant.identity;
    const now = availableOf(participant);
    let was = this.#told.get(userId);
    this.#told.set(userId, now);
    if (!was) {
      was = { audio: false, main: false, sub: false };
      this.emit("remote-user-enter", { userId });
    }
    this.#listen(participant);
    this.#tell(userId, was, now);
  }

  /** Shows a video. The promise settles when it is here, or will not be. */
  async watch(wish: Wish): Promise<void> {
    const { userId, streamType } = wish;
    const user = this.room.remoteParticipants.get(userId);
    if (!user) throw fail("invalid_operation", { detail: "no such user", extraCode: 5102 });
    const publication = videoOf(user, streamType);
    if (!publication || publication.isMuted) {
      throw fail("invalid_operation", { detail: "the user sends no such video", extraCode: 5103 });
    }
    const refusal = mayNotReceive(this.room, this.rights, streamType);
    if (refusal) throw refusal;
    const key = keyOf(userId, streamType);
    const old = this.#watched.get(key);
    if (old?.publication === publication) {
      old.update(wish.elements, wish.look);
      return old.here;
    }
    if (old) this.#drop(key, old);
    const watched = new Watched(wish, publication, (error) => {
      this.#drop(key, watched);
      if (error) this.emit("error", error);
    });
    this.#watched.set(key, watched);
    return watched.begin();
  }

  /** Shows a video elsewhere or otherwise. */
  restyle(userId: string, stream: StreamType, to: HTMLElement[] | null, look: Partial<Look>): void {
    const watched = this.#watched.get(keyOf(userId, stream));
    if (!watched) throw fail("invalid_operation", { detail: "it is not started" });
    watched.update(to, look);
  }

  /** Stops showing a video, or, for "*", all. */
  unwatch(userId: string, streamType?: StreamType): void {
    for (const [key, watched] of [...this.#watched]) {
      const { wish } = watched;
      if (userId !== "*" && (wish.userId !== userId || wish.streamType !== streamType)) continue;
      this.#drop(key, watched);
    }
  }

  /** Ends what is watched without the right to, after the rights have changed. */
  recheck(): void {
    for (const watched of [...this.#watched.values()]) {
      const refusal = mayNotReceive(this.room, this.rights, watched.wish.streamType);
      if (refusal) watched.fail(refusal);
    }
  }

  /** The track of the browser, or null if it is not received. */
  track(userId: string, kind: "audio" | StreamType): MediaStreamTrack | null {
    const user = this.room.remoteParticipants.get(userId);
    if (!user) return null;
    const publication = kind === "audio" ? audioOf(user).find((p) => p.track) : videoOf(user, kind);
    return publication?.track?.mediaStreamTrack ?? null;
  }

  /** The sound of everybody who is received. */
  *sounds(): Iterable<[string, MediaStreamTrack]> {
    for (const { identity } of this.room.remoteParticipants.values()) {
      const track = this.track(identity, "audio");
      if (track) yield [identity, track];
    }
  }

  /** Takes everything off the page. */
  close(): void {
    this.unwatch("*");
    document.removeEventListener("click", this.#clicked);
    this.#sounds.forEach((element) => element.remove());
    this.#sounds.clear();
  }

  #listen(user: RemoteParticipant): void {
    const wanted = this.#wants(user);
    for (const publication of audioOf(user)) {
      if (publication.isDesired !== wanted) publication.setSubscribed(wanted);
    }
    const volume = this.hearing.volume(user.identity);
    user.setVolume(volume, Track.Source.Microphone);
    user.setVolume(volume, Track.Source.ScreenShareAudio);
  }

  #wants(user: RemoteParticipant): boolean {
    return this.hearing.wants(user.identity, this.autoReceiveAudio);
  }

  #tell(userId: string, was: Available, now: Available): void {
    if (was.audio !== now.audio) {
      this.emit(now.audio ? "remote-audio-available" : "remote-audio-unavailable", { userId });
    }
    for (const streamType of ["main", "sub"] as const) {
      if (was[streamType] === now[streamType]) continue;
      if (!now[streamType]) this.unwatch(userId, streamType);
      const event = now[streamType] ? "remote-video-available" : "remote-video-unavailable";
      this.emit(event, { userId, streamType });
    }
  }

  #left(userId: string): void {
    const was = this.#told.get(userId);
    if (!was) return;
    this.#told.delete(userId);
    this.#tell(userId, was, { audio: false, main: false, sub: false });
    this.emit("remote-user-exit", { userId });
  }

  #subscribed(track: RemoteTrack, pub: RemoteTrackPublication, user: RemoteParticipant): void {
    const mediaType = mediaTypeOf(pub);
    const blocked = () => {
      document.addEventListener("click", this.#clicked, { once: true });
      this.emit("autoplay-failed", { userId: user.identity, mediaType, resume: this.#resume });
    };
    track.on(TrackEvent.AudioPlaybackFailed, blocked).on(TrackEvent.VideoPlaybackFailed, blocked);
    // The server brings what comes by itself to those who may not receive everything.
    const watched = this.#bySid(pub.trackSid);
    const wanted = track.kind === Track.Kind.Video ? watched : this.#wants(user);
    if (!wanted) {
      pub.setSubscribed(false);
      return;
    }
    if (watched) {
      watched.arrive(track);
      return;
    }
    const element = track.attach();
    document.body.append(element);
    this.#sounds.set(pub.trackSid, element);
  }

  #unsubscribed(pub: RemoteTrackPublication): void {
    this.#sounds.get(pub.trackSid)?.remove();
    this.#sounds.delete(pub.trackSid);
    this.#bySid(pub.trackSid)?.vanish();
  }

  /** Forgets a video, and tells the server if there still is one. */
  #drop(key: string, watched: Watched): void {
    const { publication, wish } = watched;
    this.#watched.delete(key);
    watched.stop();
    const user = this.room.remoteParticipants.get(wish.userId);
    const there = user?.trackPublications.get(publication.trackSid) === publication;
    if (there && publication.isDesired) publication.setSubscribed(false);
  }

  #bySid(sid: string): Watched | undefined {
    return [...this.#watched.values()].find((w) => w.publication.trackSid === sid);
  }
}

function keyOf(userId: string, streamType: StreamType): string {
  return `${streamType}:${userId}`;
}

function publicationsOf(user: RemoteParticipant): RemoteTrackPublication[] {
  return [...user.trackPublications.values()];
}

function audioOf(user: RemoteParticipant): RemoteTrackPublication[] {
  return publicationsOf(user).filter((p) => p.kind === Track.Kind.Audio);
}

/** A video that does not say what it shows, as of a server's SDK, counts as a camera. */
function videoOf(user: RemoteParticipant, stream: StreamType): RemoteTrackPublication | undefined {
  return publicationsOf(user).find(
    (p) =>
      p.kind === Track.Kind.Video && (p.source === Track.Source.ScreenShare) === (stream === "sub"),
  );
}

function availableOf(user: RemoteParticipant): Available {
  const shown = (stream: StreamType) => videoOf(user, stream)?.isMuted === false;
  return {
    audio: audioOf(user).some((p) => !p.isMuted),
    main: shown("main"),
    sub: shown("sub"),
  };
}

function mediaTypeOf(pub: RemoteTrackPublication): MediaType {
  if (pub.kind === Track.Kind.Audio) return "audio";
  return pub.source === Track.Source.ScreenShare ? "screen" : "video";
}
