// Polling requests that reached the wrong replica, relayed over the bus to the one that holds the session.
import type { Bus, Subscription } from "@khui/bus";
import { subjects } from "@khui/contracts";
import type { RelayedAnswer, RelayedRequest } from "@khui/socketio";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { createOwnerLiveness } from "./owner-liveness.js";

const Request = Compile(
  Type.Object({
    method: Type.Union([Type.Literal("GET"), Type.Literal("POST")]),
    sid: Type.String(),
    search: Type.String(),
    body: Type.String(),
    headers: Type.Object({ origin: Type.Optional(Type.String()) }),
  }),
);
const Answer = Compile(
  Type.Object({ status: Type.Integer(), headers: Type.Record(Type.String(), Type.String()), body: Type.String() }),
);

/** The engine ends a relayed poll after three seconds; an owner that takes twice that is gone. */
const relayTimeoutMs = 6_000;

export interface Relay {
  /** Asks the owner. Rejects when it is gone: the client is then told that its session is unknown, and connects again. */
  ask(request: RelayedRequest, ownerId: string): Promise<RelayedAnswer>;
  serve(handler: (request: RelayedRequest) => Promise<RelayedAnswer>): void;
  close(): void;
}

/** An owner's id comes from the client's sid: only our own form becomes a subject. */
export const isGatewayId = (ownerId: string): boolean => /^[0-9a-f]{32}$/.test(ownerId);

/** `instanceId` names this run of this gateway, whose requests `serve` answers. */
export function connectRelay(bus: Bus, instanceId: string): Relay {
  const whileAlive = createOwnerLiveness(bus);
  let serving: Subscription | undefined;

  return {
    async ask(request, ownerId) {
      if (!isGatewayId(ownerId)) throw new Error("no such gateway");
      const subject = subjects.gatewayRelay(ownerId);
      const data = Buffer.from(JSON.stringify(request));
      const answer = await whileAlive(subject, bus.request(subject, data, { timeoutMs: relayTimeoutMs }));
      return Answer.Parse(JSON.parse(Buffer.from(answer.data).toString()));
    },
    serve(handler) {
      serving = bus.serve(subjects.gatewayRelay(instanceId), async ({ data }) => {
        // A probe, which asks only whether this gateway is there.
        if (data.length === 0) return data;
        const request = Request.Parse(JSON.parse(Buffer.from(data).toString()));
        return Buffer.from(JSON.stringify(await handler(request)));
      });
    },
    close() {
      serving?.unsubscribe();
    },
  };
}
