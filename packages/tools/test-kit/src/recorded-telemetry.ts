// Telemetry that records its spans and log lines for tests.
import { PassThrough } from "node:stream";
import { createLogger } from "@khui/service/process";
import { createMetrics, createScopes, logFields, type SpanOptions, type Telemetry } from "@khui/service/telemetry";

export interface RecordedSpan extends SpanOptions {
  readonly traceparent: string;
  failure?: unknown;
  ended: boolean;
}

export interface Recorded extends Telemetry {
  readonly spans: RecordedSpan[];
  lines(): Array<Record<string, unknown>>;
}

/** Scopes are active by default. */
export function recordedTelemetry({ level = "debug", active = true } = {}): Recorded {
  const destination = new PassThrough();
  const scopes = createScopes(active);
  const spans: RecordedSpan[] = [];
  const written: string[] = [];
  destination.on("data", (chunk: Buffer) => written.push(...chunk.toString().trim().split("\n")));
  return {
    log: createLogger({ name: "test", level, destination, context: () => logFields(scopes.current()) }),
    metrics: createMetrics("test"),
    scopes,
    spans,
    lines: () => written.map((line) => JSON.parse(line)),
    tracer: {
      start(options) {
        const id = String(spans.length + 1).padStart(16, "0");
        const trace = options.parents[0]?.split("-")[1] ?? String(spans.length + 1).padStart(32, "0");
        const span: RecordedSpan = { ...options, traceparent: `00-${trace}-${id}-01`, ended: false };
        spans.push(span);
        return {
          traceparent: span.traceparent,
          set: () => undefined,
          end(failure) {
            span.ended = true;
            if (failure !== undefined) span.failure = failure;
          },
        };
      },
      close: async () => undefined,
    },
    close: async () => undefined,
  };
}
