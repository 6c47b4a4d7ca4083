// Free ports, and probes whether a server is up.
import { createConnection, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A TCP port on loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Sends `question` to 127.0.0.1:`port` and resolves true when `expected` is in the reply; false on any failure. */
export function replies(port: number, question: string, expected: string): Promise<boolean> {
  return new Promise((resolve) => {
    let reply = "";
    const socket = createConnection(port, "127.0.0.1", () => socket.write(question));
    const finish = (outcome: boolean): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.on("error", () => finish(false)).on("close", () => finish(false));
    socket.on("data", (chunk) => {
      reply += chunk.toString("latin1");
      if (reply.includes(expected)) finish(true);
    });
  });
}

/** Whether something accepts connections on this port. */
export function accepts(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/**
 * Polls until `probe` returns true. Resolves true if the server is then still `alive`, else false: what answers on a port that
 * the server could not bind is another process. Rejects after `timeoutMs`.
 */
export async function ready(probe: () => Promise<boolean>, alive: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (alive()) {
    if (await probe()) return alive();
    if (Date.now() > deadline) throw new Error(`no answer within ${timeoutMs} ms`);
    await sleep(25);
  }
  return false;
}
