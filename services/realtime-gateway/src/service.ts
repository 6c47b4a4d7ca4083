// realtime-gateway: live delivery over Socket.IO and /ws. The table of contents of the service.
import { closeCodes } from "@khui/contracts";
import { defineService } from "@khui/service";
import { clientAddress, networkOf } from "@khui/service/http";
import { createEngine } from "@khui/socketio";
import { gatewayEnvironment, gatewayOptions } from "./environment.js";
import { createGateway, type GatewayOptions } from "./gateway.js";
import { instrumentGateway } from "./metrics.js";
import { openFiles } from "./open-files.js";
import { connectRelay } from "./relay/polling-relay.js";
import { connectTakeovers } from "./relay/takeover-requests.js";

/** Clients send CONNECT at once: who does not holds one of the few places of a handshake. */
const connectTimeout = 10_000;
/** The largest frame a client may send, so that one that is too large for its event is told so. */
export const maxPayload = 256 * 1024;
/** Until it has authenticated: a text of 10,000 characters, escaped, fits, and a token is at most 16 KiB. */
export const maxUntrustedPayload = 64 * 1024;
/** Bytes that one socket may leave unread. */
export const sendBudget = 2.5 * 1024 * 1024;

export const realtimeGateway = defineService({
  name: "realtime-gateway",
  needs: { bus: "degraded", presence: "degraded", limits: "degraded" },
  environment: gatewayEnvironment,
  drains: true,
  /** Serves sockets on the app's server under /socket.io/ and /ws, and closes them when the app closes. */
  async start(context, overrides: Partial<GatewayOptions> = {}) {
    const { app, bus, presence, guard, env, log, telemetry, trustProxy, instanceId } = context;
    const files = openFiles();
    if (files) log.info({ maxOpenFiles: files.max, maxSockets: files.sockets }, "sockets are limited by open files");
    const onError = (error: unknown) => log.warn({ err: error }, "gateway");
    const gateway = createGateway({
      ...gatewayOptions(env),
      trustProxy,
      bus,
      presence,
      guard,
      instanceId,
      onError,
      telemetry,
      ...overrides,
    });
    const addressOf = clientAddress(trustProxy);
    const relay = connectRelay(bus, instanceId);
    const takeovers = connectTakeovers(bus, instanceId);
    const engine = createEngine(
      {
        maxPayload,
        maxUntrustedPayload,
        sendBudget,
        connectTimeout,
        maxHandshakesPerSecond: env.MAX_HANDSHAKES_PER_SECOND,
        maxHandshakesPerAddress: env.MAX_HANDSHAKES_PER_ADDRESS,
        clientAddress: ({ headers, socket }) => networkOf(addressOf(headers, socket.remoteAddress ?? "")),
        slowConsumerCode: closeCodes.slow_consumer.code,
        cors: { origin: true },
        ownerId: instanceId,
        relay: relay.ask,
        admit: gateway.admit,
        takeover: { ask: takeovers.ask, host: gateway.handover },
        onError,
      },
      (socket, handshake) => gateway.connect(socket, handshake),
    );
    instrumentGateway(telemetry.metrics, engine, gateway);
    relay.serve((request) => engine.handleRelayed(request));
    takeovers.serve((request) => engine.handleTakeover(request));
    await gateway.start();

    // Before Fastify, which answers 503 to everything from the moment it closes: sockets go on until it is their turn, and
    // other gateways' clients poll through this one until nothing is sent here any more.
    engine.attach(app.server);
    app.addHook("preClose", async () => {
      await engine.drain(env.DRAIN_SECONDS * 1_000, closeCodes.going_away.code, closeCodes.going_away.reason);
      relay.close();
      takeovers.close();
      await gateway.close();
    });
    app.addHook("onClose", () => engine.close());
  },
});
