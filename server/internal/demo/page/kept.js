// Where a demo config is when the page opens: in this tab, if the user wanted that, or on a server on
// this machine.
import { readConfig } from "./config.js";

const KEPT = "usersig-demo-config";

/** Stores a config until the tab is closed, or, for null, none. Returns whether one is stored. */
export function keep(config) {
  try {
    sessionStorage.removeItem(KEPT);
    if (!config) return false;
    const users = config.users.map((u) => ({ userId: u.userId, userToken: u.userSig }));
    sessionStorage.setItem(KEPT, JSON.stringify({ sdkappid: config.sdkAppId, users }));
    return true;
  } catch {
    return false; // the browser stores nothing for anybody
  }
}

/** The config of this tab, or the one that a server on this machine was told to offer. */
export async function readKept() {
  try {
    const kept = sessionStorage.getItem(KEPT);
    if (kept) return { config: readConfig(kept), inTab: true };
    if (!/^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname)) return null; // not offered to others
    const reply = await fetch("config.json", { credentials: "omit", cache: "no-store" });
    return reply.ok ? { config: readConfig(await reply.text()), inTab: false } : null;
  } catch {
    return null;
  }
}
