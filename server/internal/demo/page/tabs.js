// Tells the other tabs of this page which user is in a call, so that the second tab offers
// another user than the first. It does not leave the browser.

const channel = new BroadcastChannel("usersig-demo");
const me = crypto.getRandomValues(new Uint32Array(4)).join("-");
const taken = new Map();
let mine = null;
let changed = () => {};

channel.onmessage = ({ data }) => {
  if (data.ask) {
    if (mine) tell();
    return;
  }
  if (data.who) taken.set(data.tab, data.who);
  else taken.delete(data.tab);
  changed();
};

function tell() {
  channel.postMessage({ tab: me, who: mine });
}

/** Says that this tab is in a call as a user, or, for null, that it is not. */
export function announce(who) {
  mine = who;
  tell();
}

/** Whether another tab is in a call as a user of an application. */
export function isTaken(sdkAppId, userId) {
  return [...taken.values()].some((w) => w.sdkAppId === sdkAppId && w.userId === userId);
}

/** Asks the other tabs, and calls a function whenever one has answered. */
export function watchTabs(handler) {
  changed = handler;
  channel.postMessage({ ask: true });
}

addEventListener("pagehide", () => announce(null));
