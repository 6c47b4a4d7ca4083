// Liveness and readiness: /healthz says the process runs, /readyz names each dependency and whether it answers.
import type { FastifyInstance } from "fastify";
import { isLeaving } from "./leaving.js";

/** A dependency's check resolves when it answers. */
export type Checks = Readonly<Record<string, () => Promise<unknown>>>;

/** Beyond this a dependency counts as down. */
const checkTimeoutMs = 2_000;

/**
 * Adds /healthz and /readyz: 200, or 503 when a required dependency fails or the service is leaving. One that is optional is named when it fails, and
 * leaves the service ready: it goes on without it, and would be out of reach if the edge took it out.
 */
export function mountHealth(app: FastifyInstance, required: Checks, optional: Checks = {}): void {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const checks = { ...required, ...optional };
    const names = Object.keys(checks);
    const results = await Promise.all(names.map((name) => answers(checks[name]!)));
    const dependencies = Object.fromEntries(names.map((name, i) => [name, results[i] ? "ok" : "down"]));
    const ready = !isLeaving(app) && names.every((name, i) => results[i] || !Object.hasOwn(required, name));
    const status = !ready ? "not ready" : results.every(Boolean) ? "ready" : "degraded";
    return reply.code(ready ? 200 : 503).send({ status, dependencies });
  });
}

async function answers(check: () => Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, checkTimeoutMs, false);
  });
  try {
    return await Promise.race([check().then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
