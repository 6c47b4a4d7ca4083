// The metrics endpoint for Prometheus.
import type { FastifyInstance } from "fastify";
import type { Metrics } from "../telemetry/index.js";

/** Adds /metrics. The edge does not expose it. */
export function mountMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.get("/metrics", async (_request, reply) => {
    reply.type(metrics.contentType);
    return metrics.text();
  });
}
