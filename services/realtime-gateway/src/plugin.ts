// realtime-gateway: live delivery over Socket.IO and /ws. The table of contents of the service.
import type { Bus } from "@khui/bus";
import { closeCodes } from "@khui/contracts";
import { createDirectory } from "@khui/directory";
import type { Presence } from "@khui/presence";
import type { Guard } from "@khui/service/http";
import { type Telemetry, unobserved } from "@khui/service/telemetry";
import { createEngine, type EngineOptions } from "@khui/socketio";
import type { FastifyPluginAsync } from "fastify";
import type { Logger } from "pino";
import { createGateway, type GatewayOptions } from "./gateway.js";
import { watchGateway } from "./metrics.js";
import { connectRelay } from "./relay.js";

export interface GatewayDeps {
  readonly bus: Bus;
  readonly presence: Presence;
  readonly guard: Guard;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
  readonly engine?: Pick<
    EngineOptions,
    "pingInterval" | "pingTimeout" | "sendBudget" | "maxPayload" | "maxHandshakesPerSecond" | "cors"
  >;
  /** How long closing the app takes: the edge notices, and sockets are closed over the rest. 0 by default: all at once. */
  readonly drainMs?: number;
  readonly gateway?: Partial<Omit<GatewayOptions, "bus" | "presence" | "guard" | "onError" | "telemetry">>;
}

/** Clients send CONNECT at once: who does not holds one of the few places of a handshake. */
const connectTimeout = 10_000;
/** The largest frame a client may send: a text of 10,000 characters, escaped, fits well. */
const maxPayload = 256 * 1024;

/** Serves sockets on the app's server under /socket.io/ and /ws; closes them when the app closes. */
export function realtimeGateway(deps: GatewayDeps): FastifyPluginAsync {
  return async (app) => {
    const { bus, log, telemetry = unobserved(log) } = deps;
    const boot = deps.gateway?.boot ?? crypto.randomUUID().replaceAll("-", "");
    const onError = (error: unknown) => log.warn({ err: error }, "gateway");
    const directory = createDirectory(bus, { onError });
    const guard = { ...deps.guard, onIdentity: directory.learn };
    const gateway = createGateway({ ...deps.gateway, bus, presence: deps.presence, guard, boot, onError, telemetry });
    const relay = connectRelay(bus, boot);
    const engine = createEngine(
      {
        maxPayload,
        connectTimeout,
        slowConsumerCode: closeCodes.slow_consumer.code,
        cors: { origin: true },
        ...deps.engine,
        ownerId: boot,
        relay: relay.ask,
        onError,
      },
      (socket, handshake) => gateway.connect(socket, handshake),
    );
    watchGateway(telemetry.metrics, engine, gateway);
    relay.serve((request) => engine.handleRelayed(request));
    await gateway.start();

    // Before Fastify, which answers 503 to everything from the moment it closes: sockets go on until it is their turn, and
    // other gateways' clients poll through this one until nothing is sent here any more.
    engine.attach(app.server);
    app.addHook("preClose", async () => {
      await engine.drain(deps.drainMs ?? 0, closeCodes.going_away.code, closeCodes.going_away.reason);
      relay.close();
      await gateway.close();
    });
    app.addHook("onClose", () => engine.close());
  };
}
