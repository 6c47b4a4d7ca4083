// The system of the model tests: all services in this process, with data that goes with it.
import { messagesApi } from "@khui/messages-api";
import { realtimeGateway } from "@khui/realtime-gateway";
import type { GatewayOptions } from "@khui/realtime-gateway/internal/gateway";
import { withOptions } from "@khui/service";
import { createLogger } from "@khui/service/process";
import { unobserved } from "@khui/service/telemetry";
import { type Embedded, type EmbeddedOptions, startEmbedded as start } from "../../src/app.js";
import { services } from "../../src/services.js";

const unlimited = "1000000000";
const unlimitedEvents = { burst: 1_000_000, perSecond: 1_000_000 };
const flood = { ...unlimitedEvents, strikes: 1, user: unlimitedEvents, joins: unlimitedEvents };

/** Without any limit on requests or events, and by default without the second between two receipts. Whoever starts it closes it. */
export function startEmbedded(
  options: Pick<EmbeddedOptions, "wrapBus"> & {
    readonly gateway?: Partial<GatewayOptions>;
    readonly receiptsMs?: number;
  } = {},
): Promise<Embedded> {
  const { gateway, receiptsMs = 1, ...others } = options;
  const unbounded = [
    withOptions(realtimeGateway, { flood, ...gateway }),
    withOptions(messagesApi, { intervalMs: receiptsMs }),
  ];
  const log = createLogger({ name: "model", level: process.env.LOG_LEVEL ?? "silent" });
  return start(
    services.map((service) => unbounded.find(({ name }) => name === service.name) ?? service),
    {
      ...others,
      environment: {
        JWT_SECRET: "a secret of the model tests",
        MEDIA_URL_SECRET: "another secret of them",
        LIMIT_PER_ADDRESS: unlimited,
        LIMIT_PER_USER: unlimited,
        LIMIT_ROOMS_CREATED: unlimited,
        LIMIT_PEOPLE_ADDED: unlimited,
        PORT: "0",
        HOST: "127.0.0.1",
      },
      telemetry: unobserved(log),
    },
  );
}
