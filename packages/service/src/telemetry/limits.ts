// Counts refusals by rate limits.
import type { Limits } from "@khui/limits";
import type { Telemetry } from "./telemetry.js";

/** The same limits, with refusals counted by rule name. */
export function instrumentLimits({ metrics }: Pick<Telemetry, "metrics">, limits: Limits): Limits {
  const refusals = metrics.counter("khui_rate_limit_refusals_total", "Requests and events refused by a rate limit.", [
    "rule",
  ]);
  return Object.create(limits, {
    take: {
      async value(...asked: Parameters<Limits["take"]>) {
        const decision = await limits.take(...asked);
        if (!decision.allowed) refusals.inc({ rule: asked[0].name });
        return decision;
      },
    },
  });
}
