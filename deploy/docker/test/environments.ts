// All services, as the one-process form starts them, with the settings that each reads.
import { environmentOf } from "@khui/service";
import { services } from "@khui/standalone/services";

/** Everything in deploy/ is compared with this list. */
export const serviceNames: readonly string[] = services.map(({ name }) => name);

/** The Postgres schema of each service that has one. */
export const schemas: ReadonlyMap<string, string> = new Map(
  services.flatMap(({ name, schema }) => (schema ? [[name, schema.name]] : [])),
);

const environments = new Map(services.map((service) => [service.name, environmentOf(service)]));

/** The schema that the service's process validates its settings with. Throws if there is no such service. */
export function settingsOf(service: string): ReturnType<typeof environmentOf> {
  const found = environments.get(service);
  if (found === undefined) throw new Error(`there is no service ${service}`);
  return found;
}

/** Read outside of the schemas: by the logger, and by OpenTelemetry (docs/observability.md). */
export const beside: readonly string[] = [
  "LOG_LEVEL",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_TRACES_EXPORTER",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_SDK_DISABLED",
];
