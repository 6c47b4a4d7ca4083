// How an engine stops: no new sessions, and the sockets there are closed a few at a time.
import { setTimeout as sleep } from "node:timers/promises";
import type { Hub } from "./hub.js";
import { closeGrace } from "./link.js";

/** From one batch of closed sockets to the next, ms. */
const batchMs = 100;
/** The part of the grace in which nobody is closed: whoever sends clients here must notice first. */
const noticeShare = 1 / 4;

/**
 * Closes every socket, evenly over the last three quarters of `graceMs`. Resolves when that time is over and all connections
 * are gone; those that do not answer the close within 5 s are cut.
 */
export async function drainHub(hub: Hub, code: number, reason: string, graceMs: number): Promise<void> {
  hub.closed = true;
  const endAt = performance.now() + graceMs;
  await sleepUntil(performance.now() + graceMs * noticeShare);
  const sockets = [...hub.sockets];
  const batches = Math.max(1, Math.min(sockets.length, Math.floor((graceMs * (1 - noticeShare)) / batchMs)));
  const each = (endAt - performance.now()) / batches;
  for (let n = 0; n < batches; n += 1) {
    const [from, to] = [n, n + 1].map((part) => Math.floor((sockets.length * part) / batches));
    for (const socket of sockets.slice(from, to)) socket.close(code, reason);
    await sleepUntil(endAt - each * (batches - n - 1));
  }
  for (const session of [...hub.sessions.values()]) {
    session.end(reason, code);
    session.abandon();
  }
  await linksGone(hub);
}

async function sleepUntil(time: number): Promise<void> {
  const left = time - performance.now();
  if (left > 0) await sleep(left);
}

async function linksGone(hub: Hub): Promise<void> {
  if (hub.links.size === 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      for (const link of hub.links) link.terminate();
    }, closeGrace);
    for (const link of hub.links) {
      link.once("close", () => {
        if (hub.links.size > 0) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
}
