// The settings that each service reads, by the schema that its process reads them with.
import { Environment as media } from "@khui/media-service/internal/environment";
import { Environment as messages } from "@khui/messages-api/internal/environment";
import { Environment as gateway } from "@khui/realtime-gateway/internal/environment";
import { Environment as rooms } from "@khui/rooms-api/internal/environment";
import { Environment as stickers } from "@khui/sticker-service/internal/environment";

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
