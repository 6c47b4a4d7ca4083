// The settings that each service reads, by the schema that its process reads them with.
import { Environment as media } from "../../../services/media-service/src/environment.js";
import { Environment as messages } from "../../../services/messages-api/src/environment.js";
import { Environment as gateway } from "../../../services/realtime-gateway/src/environment.js";
import { Environment as rooms } from "../../../services/rooms-api/src/environment.js";
import { Environment as stickers } from "../../../services/sticker-service/src/environment.js";

export const environments = {
  "rooms-api": rooms,
  "messages-api": messages,
  "media-service": media,
  "sticker-service": stickers,
  "realtime-gateway": gateway,
} as const;

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
