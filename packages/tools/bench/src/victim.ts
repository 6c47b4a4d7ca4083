// Someone who uses the system while others are hard on it: sends to their room, receives there, reads their list.
import { setTimeout as sleep } from "node:timers/promises";
import { type Sample, sendPath, startAsking } from "./asking.js";
import { requestText } from "./http-connection.js";
import { openListeners } from "./listeners.js";
import { sharedNow } from "./worker.js";

export interface VictimPlan {
  /** For REST. */
  readonly url: string;
  readonly gatewayUrl: string;
  readonly roomId: string;
  /** Of the room's members: the first one listens, the others send. */
  readonly tokens: readonly string[];
  readonly sendsPerSecond: number;
  /** 0: never. */
  readonly listsPerSecond: number;
}

export interface Victim {
  readonly sends: readonly Sample[];
  readonly lists: readonly Sample[];
  /** When the sends were due that arrived, and how long after. */
  readonly arrivals: ReadonlyArray<{ readonly dueAt: number; readonly ms: number }>;
  /** Resolves with how many acknowledged messages did not arrive, or did so twice. Rejects when a connection broke. */
  stop(): Promise<number>;
}

const connections = 8;
const arrivalMs = 15_000;
const pollMs = 50;

export async function startVictim(plan: VictimPlan): Promise<Victim> {
  const [listening, ...sending] = plan.tokens;
  const due = new Map<string, number>();
  const arrivals: Array<{ dueAt: number; ms: number }> = [];
  const arrived = new Set<string>();
  let repeated = 0;
  let broken: string | undefined;
  const listeners = await openListeners(
    plan.gatewayUrl,
    [{ token: listening!, roomIds: [plan.roomId] }],
    (content) => {
      const dueAt = due.get(content);
      if (dueAt === undefined) return;
      if (arrived.has(content)) repeated++;
      else arrivals.push({ dueAt, ms: sharedNow() - dueAt });
      arrived.add(content);
    },
    (reason) => {
      broken = reason;
    },
  );
  const sends = await startAsking({
    url: plan.url,
    perSecond: plan.sendsPerSecond,
    connections,
    request(n) {
      const content = `message ${n}`;
      due.set(content, sharedNow());
      return requestText("POST", sendPath(plan.roomId), sending[n % sending.length]!, JSON.stringify({ content }));
    },
  });
  const lists =
    plan.listsPerSecond > 0
      ? await startAsking({
          url: plan.url,
          perSecond: plan.listsPerSecond,
          connections,
          request: (n) => requestText("GET", "/api/v1/chat/rooms", sending[n % sending.length]!),
        })
      : undefined;
  return {
    sends: sends.samples,
    lists: lists?.samples ?? [],
    arrivals,
    async stop() {
      try {
        await Promise.all([sends.stop(), lists?.stop()]);
        const acknowledged = sends.samples.filter(({ status }) => status === 201).length;
        for (let waited = 0; arrivals.length < acknowledged && waited < arrivalMs; waited += pollMs)
          await sleep(pollMs);
        if (broken) throw new Error(broken);
        return Math.max(0, acknowledged - arrivals.length) + repeated;
      } finally {
        listeners.close();
      }
    },
  };
}
