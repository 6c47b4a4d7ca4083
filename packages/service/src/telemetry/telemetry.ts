// Puts together what a process tells of itself, from its environment.
import { createLogger, type Logger } from "@khui/service/process";
import { createMetrics, type Metrics } from "./metrics.js";
import { createScopes, logFields, type Scopes } from "./scopes.js";
import type { Tracer } from "./spans.js";
import { tracingWanted } from "./tracing-environment.js";

export interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly scopes: Scopes;
  /** There when tracing is asked for. */
  readonly tracer?: Tracer;
  /** Sends what is left of traces. */
  close(): Promise<void>;
}

export interface TelemetryOptions {
  /** The process' name in logs, metrics and traces. */
  readonly service: string;
  /** A pino level; `debug` logs every request and every statement. */
  readonly level: string;
  /** Where OpenTelemetry's variables are looked for: OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT and the like. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Requests are followed (their ids in every log line, over the bus) when it is asked for: by the level debug, or by tracing. Tracing is
 * loaded only then. Throws EnvironmentError where the environment asks for a way of tracing that there is not.
 */
export async function openTelemetry({ service, level, environment }: TelemetryOptions): Promise<Telemetry> {
  const traces = tracingWanted(environment);
  const scopes = createScopes(traces || level === "debug" || level === "trace");
  const context = scopes.active ? { context: () => logFields(scopes.current()) } : {};
  const log = createLogger({ name: service, level, ...context });
  const tracer = traces
    ? (await import("./otlp.js")).startTracer(environment.OTEL_SERVICE_NAME || service, log)
    : undefined;
  return {
    log,
    metrics: createMetrics(service, { process: true }),
    scopes,
    ...(tracer ? { tracer } : {}),
    close: async () => tracer?.close(),
  };
}

/** For parts that run without a process of their own around them: counts in a registry that nobody reads. */
export function unobserved(log: Logger): Telemetry {
  return { log, metrics: createMetrics("none"), scopes: createScopes(false), close: async () => undefined };
}
