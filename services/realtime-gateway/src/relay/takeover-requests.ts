// Requests between gateways when an upgrade has reached another than its session's.
import type { Bus, Subscription } from "@khui/bus";
import { call, serveRpc } from "@khui/bus/rpc";
import { subjects } from "@khui/contracts";
import type { TakeoverAnswer, TakeoverRequest } from "@khui/socketio";
import { Type } from "typebox";
import { isGatewayId } from "./polling-relay.js";

const Request = Type.Object({
  step: Type.Union([Type.Literal("reserve"), Type.Literal("take"), Type.Literal("release")]),
  sid: Type.String(),
  token: Type.String(),
});

const MovedSession = Type.Object({
  frames: Type.String(),
  held: Type.Array(Type.Union([Type.Object({ text: Type.String() }), Type.Object({ binary: Type.String() })])),
  ended: Type.Optional(Type.Object({ code: Type.Integer(), reason: Type.String() })),
  nextPingMs: Type.Number({ minimum: 0 }),
  trusted: Type.Boolean(),
  socketId: Type.String(),
  connectMs: Type.Optional(Type.Number({ minimum: 0 })),
  handshake: Type.Optional(
    Type.Object({
      query: Type.Record(Type.String(), Type.String()),
      headers: Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())])),
      address: Type.String(),
    }),
  ),
  state: Type.Optional(Type.Unknown()),
});

const Answer = Type.Object({
  refused: Type.Optional(Type.String()),
  reserved: Type.Optional(Type.Object({ connected: Type.Boolean(), offer: Type.Optional(Type.Unknown()) })),
  taken: Type.Optional(MovedSession),
});

const takeoverRpc = (instanceId: string) => ({
  subject: subjects.gatewayTakeover(instanceId),
  request: Request,
  answer: Answer,
});

/** The owner waits two seconds for what is being handled. */
const timeoutMs = 3_000;

export interface Takeovers {
  /** Asks the owner. Rejects when it is gone, or of a release that knows nothing of this: then its session stays as it is. */
  ask(request: TakeoverRequest, ownerId: string): Promise<TakeoverAnswer>;
  serve(handler: (request: TakeoverRequest) => Promise<TakeoverAnswer>): void;
  close(): void;
}

/** `instanceId` names this run of this gateway, whose sessions `serve` hands over. */
export function connectTakeovers(bus: Bus, instanceId: string): Takeovers {
  let serving: Subscription | undefined;
  return {
    async ask(request, ownerId) {
      if (!isGatewayId(ownerId)) throw new Error("no such gateway");
      return (await call(bus, takeoverRpc(ownerId), request, { timeoutMs })) as TakeoverAnswer;
    },
    serve(handler) {
      serving = serveRpc(bus, takeoverRpc(instanceId), async (request) => (await handler(request)) as never);
    },
    close() {
      serving?.unsubscribe();
    },
  };
}
