import type { LocalTrack, Room, TrackPublishOptions } from "livekit-client";

import type { Stage } from "./publisher.js";

/** A room, as the place in which this user's tracks are published. */
export class RoomStage implements Stage {
  /** What was put here and not taken away. */
  readonly #kept = new Set<LocalTrack>();

  constructor(private readonly room: Room) {}

  async publish(track: LocalTrack, options: TrackPublishOptions): Promise<void> {
    this.#kept.add(track);
    await this.room.localParticipant.publishTrack(track, options);
  }

  async unpublish(track: LocalTrack): Promise<void> {
    this.#kept.delete(track);
    if (this.holds(track)) await this.room.localParticipant.unpublishTrack(track, false);
  }

  holds(track: LocalTrack): boolean {
    return this.#published().some((published) => published === track);
  }

  /**
   * Takes away what LiveKit's SDK put back after a reconnection, though it was taken away in the
   * middle of that, when it was not published and so could not be unpublished.
   */
  tidy(): void {
    for (const track of this.#published()) {
      if (!this.#kept.has(track)) void this.unpublish(track).catch(() => undefined);
    }
  }

  #published(): LocalTrack[] {
    const publications = [...this.room.localParticipant.trackPublications.values()];
    return publications.flatMap(({ track }) => (track ? [track] : []));
  }
}
