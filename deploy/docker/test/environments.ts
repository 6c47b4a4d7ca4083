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

/** What every process reads besides, for its log and its traces. */
export const besides = ["LOG_LEVEL", "OTEL_EXPORTER_OTLP_ENDPOINT"];
