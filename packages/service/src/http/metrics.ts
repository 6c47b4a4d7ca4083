// What a process tells Prometheus of itself.
import type { Metrics } from "@khui/service/telemetry";
import type { FastifyInstance } from "fastify";

/** Adds /metrics. The edge lets nobody outside read it. */
export function mountMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.get("/metrics", async (_request, reply) => {
    reply.type(metrics.contentType);
    return metrics.text();
  });
}
