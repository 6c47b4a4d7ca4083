// The settings that each service reads, from the schema that its process validates them with.
import { mediaService } from "@khui/media-service";
import { messagesApi } from "@khui/messages-api";
import { realtimeGateway } from "@khui/realtime-gateway";
import { roomsApi } from "@khui/rooms-api";
import { environmentOf } from "@khui/service";
import { stickerService } from "@khui/sticker-service";

export const environments = {
  "rooms-api": environmentOf(roomsApi),
  "messages-api": environmentOf(messagesApi),
  "media-service": environmentOf(mediaService),
  "sticker-service": environmentOf(stickerService),
  "realtime-gateway": environmentOf(realtimeGateway),
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
