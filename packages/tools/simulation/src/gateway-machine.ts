// One run of a gateway: the real one, on a simulated machine, bus and sockets.
import { ConnectionLost, NoResponders, RemoteError, RequestTimeout } from "@khui/bus";
import { ChatError, closeCodes } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { createGateway, type Gateway } from "@khui/realtime-gateway/internal/gateway";
import type { Guard } from "@khui/service/http";
import { createLogger } from "@khui/service/process";
import { unobserved } from "@khui/service/telemetry";
import type { SimulatedSocket } from "./connection.js";
import type { Machine, Scheduler } from "./scheduler.js";
import type { SimulatedBus } from "./simulated-bus.js";
import { startTakeovers, type TakeoverEngine } from "./takeover.js";

export interface GatewayMachine {
  readonly machine: Machine;
  readonly bus: SimulatedBus;
  readonly gateway: Gateway;
  readonly engine: TakeoverEngine;
  readonly sockets: Set<SimulatedSocket>;
  /** Takes no new connections. */
  draining: boolean;
}

const telemetry = unobserved(createLogger({ name: "simulation", level: "silent" }));
const rule = { name: "none", points: 1_000_000_000, perSeconds: 1 };

/** A token is the name of its user. Whether tokens are valid and limits are kept is tested elsewhere. */
const guard: Guard = {
  tokens: {
    verify: async (token) => ({
      userId: token,
      name: undefined,
      avatar: undefined,
      admin: false,
      issuedAt: null,
      expiresAt: null,
    }),
    sign: () => "",
  },
  limits: {
    take: async () => ({ allowed: true, retryAfterSeconds: 0, remaining: 1_000 }),
    ping: async () => {},
    close: async () => {},
  },
  rules: { perAddress: rule, perUser: rule },
};

const outages = [ChatError, ConnectionLost, NoResponders, RemoteError, RequestTimeout];

/** Starts a gateway. `report` gets what it says went wrong, except that another service did not answer. */
export function startGatewayMachine(
  scheduler: Scheduler,
  machine: Machine,
  bus: SimulatedBus,
  presence: Presence,
  report: (issue: string) => void,
): GatewayMachine {
  const onError = (error: unknown) => {
    const isOutage = outages.some((kind) => error instanceof kind);
    if (!isOutage) report(`${machine.name}: ${error instanceof Error ? error.stack : error}`);
  };
  const instanceId = (scheduler.random.draw() * 2 ** 52).toString(16).replace(/\W/g, "").padStart(32, "0").slice(-32);
  const gateway = createGateway({ bus, presence, guard, instanceId, onError, telemetry });
  scheduler.after(0, machine, "starts", () => void gateway.start().catch(onError));
  const engine = startTakeovers(bus, instanceId, gateway.handover, onError);
  return { machine, bus, gateway, engine, sockets: new Set(), draining: false };
}

/** Closes its sockets a few at a time, as the engine does when it drains, and then the gateway itself. */
export async function drain(scheduler: Scheduler, one: GatewayMachine, graceMs: number): Promise<void> {
  one.draining = true;
  const { code, reason } = closeCodes.going_away;
  const pauseMs = graceMs / (one.sockets.size + 1);
  while (one.sockets.size > 0) {
    await new Promise<void>((resolve) => scheduler.after(pauseMs, one.machine, "drains", resolve));
    for (const socket of one.sockets) {
      socket.close(code, reason);
      one.sockets.delete(socket);
      break;
    }
  }
  for (const arrival of one.engine.arrivals) arrival.cancel();
  for (const { reservation } of one.engine.sessions.values()) reservation?.cancel();
  one.engine.takeovers.close();
  await one.gateway.close();
  one.machine.kill();
  one.bus.forget();
}
