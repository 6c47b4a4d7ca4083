// Graceful shutdown: no new sessions, and the open sockets are closed a few at a time.
import { setTimeout as sleep } from "node:timers/promises";
import { closeTimeoutMs } from "./connection/close-codes.js";
import type { WebSocketTransport } from "./connection/websocket-transport.js";
import type { EngineContext } from "./context.js";

/** The shortest time from one batch of closed sockets to the next. */
const minBatchIntervalMs = 100;
/** The part of the grace in which no socket is closed: whoever routes clients here must notice first. */
const noticeShare = 1 / 4;

/**
 * Closes every socket, evenly over the last three quarters of `graceMs`. Resolves when that time is over and all WebSockets
 * are closed; those that do not answer the close within 5 s are terminated.
 */
export async function drainEngine(
  context: EngineContext,
  code: number,
  reason: string,
  graceMs: number,
): Promise<void> {
  context.handshakes.closed = true;
  context.arrivals.closed = true;
  const endAt = performance.now() + graceMs;
  await sleepUntil(performance.now() + graceMs * noticeShare);
  const sockets = [...context.sockets];
  const maxBatches = Math.floor((graceMs * (1 - noticeShare)) / minBatchIntervalMs);
  const batches = Math.max(1, Math.min(sockets.length, maxBatches));
  const intervalMs = (endAt - performance.now()) / batches;
  for (let n = 0; n < batches; n += 1) {
    const [from, to] = [n, n + 1].map((part) => Math.floor((sockets.length * part) / batches));
    for (const socket of sockets.slice(from, to)) socket.close(code, reason);
    await sleepUntil(endAt - intervalMs * (batches - n - 1));
  }
  for (const arrival of [...context.arriving]) arrival.cancel();
  for (const session of [...context.sessions.values()]) {
    session.end(reason, code);
    session.discard();
  }
  await allClosed(context.webSockets);
}

async function sleepUntil(time: number): Promise<void> {
  const left = time - performance.now();
  if (left > 0) await sleep(left);
}

/** Resolves when every WebSocket of the set has left it. */
async function allClosed(webSockets: ReadonlySet<WebSocketTransport>): Promise<void> {
  if (webSockets.size === 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      for (const webSocket of webSockets) webSocket.terminate();
    }, closeTimeoutMs);
    for (const webSocket of webSockets) {
      webSocket.once("close", () => {
        if (webSockets.size > 0) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
}
