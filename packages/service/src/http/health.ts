// Liveness and readiness: /healthz says the process runs, /readyz names each dependency and whether it answers.
import type { FastifyInstance } from "fastify";
import pTimeout from "p-timeout";
import { isShuttingDown } from "./graceful-shutdown.js";

/** Beyond this a dependency counts as down. */
const checkTimeoutMs = 2_000;

/**
 * Adds /healthz and /readyz: 200, or 503 when a required dependency does not answer or the process is shutting down. A degraded one
 * is named, and leaves the process ready: it goes on without it, and would be out of reach if the edge took it out.
 */
export function mountHealth<Name extends string>(
  app: FastifyInstance,
  needs: ReadonlyMap<Name, "required" | "degraded">,
  ping: (name: Name) => Promise<unknown>,
): void {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const checked = await Promise.all(
      [...needs].map(async ([name, need]) => ({ name, need, isUp: await answers(() => ping(name)) })),
    );
    const dependencies = Object.fromEntries(checked.map(({ name, isUp }) => [name, isUp ? "ok" : "down"]));
    const ready = !isShuttingDown(app) && checked.every(({ need, isUp }) => isUp || need === "degraded");
    const status = !ready ? "not ready" : checked.every(({ isUp }) => isUp) ? "ready" : "degraded";
    return reply.code(ready ? 200 : 503).send({ status, dependencies });
  });
}

async function answers(check: () => Promise<unknown>): Promise<boolean> {
  try {
    return await pTimeout(
      check().then(() => true),
      { milliseconds: checkTimeoutMs, fallback: () => false },
    );
  } catch {
    return false;
  }
}
