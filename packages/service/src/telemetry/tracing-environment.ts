// Whether the environment enables tracing, by OpenTelemetry's own variables.
import { EnvironmentError } from "../process/index.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * True with OTEL_TRACES_EXPORTER=otlp, or with an OTLP endpoint and no other exporter named; OTEL_SDK_DISABLED=true beats both.
 * Throws EnvironmentError for an unsupported exporter or protocol.
 */
export function tracingWanted(environment: Environment): boolean {
  if (environment.OTEL_SDK_DISABLED?.toLowerCase() === "true") return false;
  const endpoint = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  const exporter = environment.OTEL_TRACES_EXPORTER || (endpoint ? "otlp" : "none");
  if (exporter === "none") return false;
  const protocol = environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || environment.OTEL_EXPORTER_OTLP_PROTOCOL || "";
  const issues: string[] = [];
  if (exporter !== "otlp") issues.push("OTEL_TRACES_EXPORTER must be otlp or none");
  if (!/^(http\/.*)?$/.test(protocol)) issues.push("OTEL_EXPORTER_OTLP_PROTOCOL must be http/json");
  if (issues.length > 0) throw new EnvironmentError(issues);
  return true;
}
