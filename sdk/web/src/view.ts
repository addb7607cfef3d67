import { invalid } from "./error.js";
import type { FillMode, View } from "./types.js";

/** How a video looks in its view. */
export interface Look {
  fillMode: FillMode;
  mirror: boolean;
}

/** What of a LiveKit track a player needs. */
export interface Attachable {
  attach(element: HTMLMediaElement): HTMLMediaElement;
  detach(element: HTMLMediaElement): HTMLMediaElement;
}

/** Finds the elements that a view names. */
export function elementsOf(view: View | undefined): HTMLElement[] {
  if (view === undefined || view === null) return [];
  if (Array.isArray(view)) return view.flatMap(elementsOf);
  if (typeof view === "string") {
    const found = document.getElementById(view);
    if (!found) throw invalid("view", "names no element of the page", 5009);
    return [found];
  }
  if (!(view instanceof HTMLElement)) throw invalid("view", "is not an element", 5010);
  return [view];
}

/** Shows one video track in any number of views. */
export class Player {
  #videos: HTMLVideoElement[] = [];

  constructor(private readonly track: Attachable) {}

  /** Shows the track in these elements and in no others. */
  show(elements: HTMLElement[], look: Look): void {
    this.close();
    this.#videos = elements.map((element) => this.#place(element));
    this.restyle(look);
  }

  /** Changes how it looks where it is shown. */
  restyle(look: Look): void {
    for (const video of this.#videos) {
      video.style.objectFit = look.fillMode;
      video.style.transform = look.mirror ? "scaleX(-1)" : "";
    }
  }

  close(): void {
    for (const video of this.#videos) {
      this.track.detach(video);
      video.remove();
    }
    this.#videos = [];
  }

  /** The sound, if there is any, is played elsewhere: a muted video may start without a click. */
  #place(parent: HTMLElement): HTMLVideoElement {
    const video = document.createElement("video");
    video.autoplay = true;
    video.playsInline = true;
    video.muted = true;
    video.style.width = "100%";
    video.style.height = "100%";
    parent.append(video);
    this.track.attach(video);
    return video;
  }
}
