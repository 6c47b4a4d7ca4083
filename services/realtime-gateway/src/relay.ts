// Polling requests that reached the wrong replica, relayed over the bus to the one that holds the session.
import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, type BusMessage, NoResponders, type Subscription } from "@khui/bus";
import { subjects } from "@khui/contracts";
import type { RelayedAnswer, RelayedRequest } from "@khui/socketio";
import { Type } from "typebox";
import { Compile } from "typebox/compile";

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
/** An owner that has requests of ours is asked so often whether it is there: one that dies with them says nothing. */
const lookMs = 500;
const lookTimeoutMs = 1_000;
/** No request is empty. */
const areYouThere = new Uint8Array(0);

export interface Relay {
  /** Asks the owner. Rejects when it is gone; the client then hears that its session is unknown, and connects anew. */
  ask(request: RelayedRequest, ownerId: string): Promise<RelayedAnswer>;
  serve(handler: (request: RelayedRequest) => Promise<RelayedAnswer>): void;
  close(): void;
}

/** An owner's id comes from the client's sid: only our own form becomes a subject. */
const ownerForm = /^[0-9a-f]{32}$/;

type GiveUp = (error: unknown) => void;

export function connectRelay(bus: Bus, boot: string): Relay {
  let serving: Subscription | undefined;
  /** What ends the requests that each owner has, by the subject that it serves. */
  const waiting = new Map<string, Set<GiveUp>>();

  function startWatching(subject: string): Set<GiveUp> {
    const requests = new Set<GiveUp>();
    waiting.set(subject, requests);
    void watch(subject, requests);
    return requests;
  }

  async function watch(subject: string, requests: ReadonlySet<GiveUp>): Promise<void> {
    do {
      await sleep(lookMs, undefined, { ref: false });
      try {
        await bus.request(subject, areYouThere, { timeoutMs: lookTimeoutMs });
      } catch (error) {
        // One that is slow may still answer.
        if (error instanceof NoResponders) for (const giveUp of requests) giveUp(error);
      }
    } while (requests.size > 0);
    waiting.delete(subject);
  }

  function whileThere(subject: string, answered: Promise<BusMessage>): Promise<BusMessage> {
    const requests = waiting.get(subject) ?? startWatching(subject);
    return new Promise((resolve, reject) => {
      requests.add(reject);
      answered.then(resolve, reject).finally(() => requests.delete(reject));
    });
  }

  return {
    async ask(request, ownerId) {
      if (!ownerForm.test(ownerId)) throw new Error("no such gateway");
      const subject = subjects.gatewayRelay(ownerId);
      const data = Buffer.from(JSON.stringify(request));
      const answer = await whileThere(subject, bus.request(subject, data, { timeoutMs: relayTimeoutMs }));
      return Answer.Parse(JSON.parse(Buffer.from(answer.data).toString()));
    },
    serve(handler) {
      serving = bus.serve(subjects.gatewayRelay(boot), async ({ data }) => {
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
