// As much of a page as the package touches: it is tested without a browser.

export class FakeElement {
  children: FakeElement[] = [];
  parent: FakeElement | null = null;
  style: Record<string, string> = {};
  muted = false;
  autoplay = false;
  playsInline = false;

  constructor(
    readonly tag = "div",
    readonly id = "",
  ) {}

  append(child: FakeElement): void {
    child.parent = this;
    this.children.push(child);
  }

  remove(): void {
    if (this.parent) this.parent.children = this.parent.children.filter((c) => c !== this);
    this.parent = null;
  }
}

const byId = new Map<string, FakeElement>();

const clicks = new Set<() => unknown>();

/** Clicks somewhere on the page. */
export function click(): void {
  for (const handler of [...clicks]) {
    clicks.delete(handler);
    handler();
  }
}

export const body = new FakeElement("body");

/** Puts an element with an id on the page. */
export function place(id: string): FakeElement {
  const element = new FakeElement("div", id);
  byId.set(id, element);
  return element;
}

Object.assign(globalThis, {
  HTMLElement: FakeElement,
  location: { origin: "https://page.example" },
  document: {
    body,
    createElement: (tag: string) => new FakeElement(tag),
    addEventListener: (_: "click", handler: () => unknown, __: { once: true }) =>
      clicks.add(handler),
    removeEventListener: (_: "click", handler: () => unknown) => clicks.delete(handler),
    getElementById: (id: string) => byId.get(id) ?? null,
  },
});
