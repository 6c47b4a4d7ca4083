// Counts what rate limits refuse.
import type { Limits } from "@khui/limits";
import type { Telemetry } from "./telemetry.js";

/** The same limits; each refusal is counted by its rule's name. */
export function instrumentLimits({ metrics }: Pick<Telemetry, "metrics">, limits: Limits): Limits {
  const refusals = metrics.counter("khui_rate_limit_refusals_total", "Requests and events refused by a rate limit.", [
    "rule",
  ]);
  return Object.create(limits, {
    take: {
      async value(...asked: Parameters<Limits["take"]>) {
        const verdict = await limits.take(...asked);
        if (!verdict.allowed) refusals.inc({ rule: asked[0].name });
        return verdict;
      },
    },
  });
}
