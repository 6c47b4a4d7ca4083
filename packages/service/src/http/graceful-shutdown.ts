// Shuts an app down without losing a request: first it is not ready, then it is closed once the edge has stopped routing to it.
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";

/** The edge checks the readiness of a replica each second, and removes it after the second failure. */
const noticeMs = 3_000;

const shuttingDown = new WeakSet<FastifyInstance>();

/** Whether `gracefulShutdown` has been called for the app. */
export const isShuttingDown = (app: FastifyInstance): boolean => shuttingDown.has(app);

/**
 * Closes the app after a while in which it is not ready, keeps answering, and closes each connection after its answer: on a
 * kept connection the edge could send a request just as it ends, and may not retry it. Resolves when the app is closed.
 */
export async function gracefulShutdown(app: FastifyInstance, noticed = () => sleep(noticeMs)): Promise<void> {
  shuttingDown.add(app);
  if (app.server.listening) await noticed();
  await app.close();
}
