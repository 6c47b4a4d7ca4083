// The metrics endpoint for Prometheus.
import type { Metrics } from "@khui/service/telemetry";
import type { FastifyInstance } from "fastify";

/** Adds /metrics. The edge does not expose it. */
export function mountMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.get("/metrics", async (_request, reply) => {
    reply.type(metrics.contentType);
    return metrics.text();
  });
}
