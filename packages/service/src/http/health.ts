// Liveness and readiness: /healthz shows that the process runs, /readyz lists each dependency and whether it answers.
import type { FastifyInstance } from "fastify";
import pTimeout from "p-timeout";
import { isShuttingDown } from "./graceful-shutdown.js";

/** A dependency that does not answer within this time counts as down. */
const checkTimeoutMs = 2_000;

/**
 * Adds /healthz and /readyz: 200, or 503 when a required dependency does not answer or the process is shutting down. A degraded
 * dependency is listed, but the process stays ready: it works without it, and would be unreachable if the edge removed it.
 * Why one is down, such as a refused key, is logged when that begins, and so is its end.
 */
export function mountHealth<Name extends string>(
  app: FastifyInstance,
  needs: ReadonlyMap<Name, "required" | "degraded">,
  ping: (name: Name) => Promise<unknown>,
): void {
  const down = new Set<Name>();
  async function check(name: Name): Promise<boolean> {
    try {
      await pTimeout(ping(name), { milliseconds: checkTimeoutMs, message: `no answer in ${checkTimeoutMs} ms` });
      if (down.delete(name)) app.log.info({ dependency: name }, "a dependency is back");
      return true;
    } catch (error) {
      if (!down.has(name)) app.log.warn({ err: error, dependency: name }, "a dependency is down");
      down.add(name);
      return false;
    }
  }

  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const checked = await Promise.all(
      [...needs].map(async ([name, need]) => ({ name, need, isUp: await check(name) })),
    );
    const dependencies = Object.fromEntries(checked.map(({ name, isUp }) => [name, isUp ? "ok" : "down"]));
    const ready = !isShuttingDown(app) && checked.every(({ need, isUp }) => isUp || need === "degraded");
    const status = !ready ? "not ready" : checked.every(({ isUp }) => isUp) ? "ready" : "degraded";
    return reply.code(ready ? 200 : 503).send({ status, dependencies });
  });
}
