// Shuts an app down without losing a request: not ready first, closed once the edge has stopped routing to it.
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";

/** The edge asks each second whether a replica is ready, and believes the second no. */
const noticeMs = 3_000;

const shuttingDown = new WeakSet<FastifyInstance>();

/** Whether `gracefulShutdown` has been called for the app. */
export const isShuttingDown = (app: FastifyInstance): boolean => shuttingDown.has(app);

/**
 * Closes the app after a while in which it is not ready, goes on answering, and gives up each connection with its answer: an
 * edge that kept one could send a request into its end, and may not send it again. Resolves when the app is closed.
 */
export async function gracefulShutdown(app: FastifyInstance, noticed = () => sleep(noticeMs)): Promise<void> {
  shuttingDown.add(app);
  if (app.server.listening) await noticed();
  await app.close();
}
