import "./page.js";

import { EVENT, TRTC, type EventMap } from "../src/index.js";
import { FakeEngine, FakeRoom } from "./fakes.js";

/** What the server's two calls are asked, and what they answer. */
export interface Asked {
  url: string;
  credential: string;
}

/** A page with one TRTC object, a fake LiveKit and a server that answers as told. */
export class World {
  readonly engine = new FakeEngine();
  readonly trtc = TRTC.over(this.engine);
  readonly heard: { event: string; payload: unknown }[] = [];
  readonly asked: Asked[] = [];
  answer: () => Response | Promise<Response> = () => new Response(null, { status: 204 });

  constructor() {
    for (const event of Object.values(EVENT)) {
      this.trtc.on(event, (payload: unknown) => this.heard.push({ event, payload }));
    }
    globalThis.fetch = async (url, init) => {
      const { Authorization = "" } = init?.headers as Record<string, string>;
      this.asked.push({ url: String(url), credential: Authorization.replace("Bearer ", "") });
      return this.answer();
    };
  }

  get room(): FakeRoom {
    return this.engine.last;
  }

  /** The payloads of the events of a kind. */
  of<E extends keyof EventMap>(event: E): EventMap[E][] {
    return this.heard.filter((h) => h.event === event).map((h) => h.payload as EventMap[E]);
  }

  async enter(more: object = {}): Promise<void> {
    await this.trtc.enterRoom({ ...alice, ...more });
  }
}

/** Arguments with which a room can be entered. */
export const alice = { sdkAppId: 1400000001, userId: "alice", userSig: "eJwSig", roomId: 8888 };

/** The same as a credential. */
export const aliceText = "us1.1400000001.YWxpY2U.n8888.eJwSig";

/** A refusal as the server writes it. */
export function refused(reason: keyof typeof TRTC.REASONS, status = 401): Response {
  const { code, trtc, check, text, remedy } = TRTC.REASONS[reason];
  const body = { code, trtc, reason, message: text.en, remedy: remedy.en, check };
  return Response.json(body, { status });
}
