// Sets up the logger, metrics, scopes and tracer of a process from its environment.
import { createLogger, type Logger } from "../process/index.js";
import { createMetrics, type Metrics } from "./metrics.js";
import { createScopes, logFields, type Scopes } from "./scopes.js";
import type { Tracer } from "./spans.js";
import { tracingWanted } from "./tracing-environment.js";

export interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly scopes: Scopes;
  /** Present when tracing is enabled. */
  readonly tracer?: Tracer;
  /** Flushes pending spans. */
  close(): Promise<void>;
}

export interface TelemetryOptions {
  /** The name of the process in logs, metrics and traces. */
  readonly service: string;
  /** A pino level; `debug` logs every request and every statement. */
  readonly level: string;
  /** Where OpenTelemetry's variables are read from: OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT and the like. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Requests are tracked (their ids in every log line and across the bus) at level debug or trace, or when tracing is enabled. The tracer
 * is loaded only when tracing is enabled. Throws EnvironmentError for an unsupported exporter or protocol.
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

/** For components outside of a service's process, such as in tests: metrics go to a registry that nobody reads. */
export function unobserved(log: Logger): Telemetry {
  return { log, metrics: createMetrics("none"), scopes: createScopes(false), close: async () => undefined };
}
