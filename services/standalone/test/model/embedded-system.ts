// The system of the model tests: all services in this process, with data that goes with it.
import { createLogger } from "@khui/service/process";
import { type Standalone, type StandaloneOptions, startStandalone } from "../../src/app.js";

const unlimited = (name: string) => ({ name, points: 1_000_000_000, perSeconds: 60 });
const unlimitedEvents = { burst: 1_000_000, perSecond: 1_000_000 };

/** Without any limit on requests or events. Whoever starts it closes it. */
export function startEmbedded(options: Pick<StandaloneOptions, "gateway" | "wrapBus"> = {}): Promise<Standalone> {
  return startStandalone({
    ...options,
    keys: { secret: "a secret of the model tests" },
    mediaSecret: "another secret of them",
    rules: { perAddress: unlimited("address"), perUser: unlimited("user") },
    roomQuotas: { roomsCreated: 1_000_000, peopleAdded: 1_000_000 },
    port: 0,
    host: "127.0.0.1",
    log: createLogger({ name: "model", level: process.env.LOG_LEVEL ?? "silent" }),
    gateway: { flood: { ...unlimitedEvents, strikes: 1, user: unlimitedEvents }, ...options.gateway },
  });
}
