// Asks the same over REST at a steady rate until it is stopped, and notes how each request was answered.
import { setTimeout as sleep } from "node:timers/promises";
import { type HttpConnection, openConnection } from "./http-connection.js";
import { percentile } from "./statistics.js";
import { sharedNow } from "./worker.js";

export interface Sample {
  /** When it was due, on the clock that all processes share, and how long after that it was answered, ms. */
  readonly dueAt: number;
  readonly ms: number;
  readonly status: number;
}

export interface Asking {
  readonly samples: readonly Sample[];
  /** Resolves when all requests are answered. Rejects when a connection broke. */
  stop(): Promise<void>;
}

export interface AskingPlan {
  readonly url: string;
  readonly perSecond: number;
  readonly connections: number;
  /** The text of the `n`-th request, when it is due. */
  request(n: number): string;
}

export async function startAsking({ url, perSecond, connections, request }: AskingPlan): Promise<Asking> {
  const samples: Sample[] = [];
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(url)));
  const startedAt = sharedNow();
  let going = true;
  let count = 0;

  async function work(connection: HttpConnection): Promise<void> {
    while (going) {
      const n = count++;
      const dueAt = startedAt + (n / perSecond) * 1_000;
      await sleep(Math.max(0, dueAt - sharedNow()));
      const { status } = await connection.ask(request(n));
      samples.push({ dueAt, ms: sharedNow() - dueAt, status });
    }
  }
  const working = Promise.all(open.map(work));
  // Reported by `stop`.
  working.catch(() => {});
  return {
    samples,
    async stop() {
      going = false;
      await working.finally(() => {
        for (const connection of open) connection.close();
      });
    },
  };
}

/** A request that sends a text to a room. */
export const sendPath = (roomId: string): string => `/api/v1/chat/rooms/${roomId}/messages`;

/** Two percentiles, in milliseconds. */
export function latencies(values: readonly { readonly ms: number }[], low: number, high: number): string {
  const all = values.map(({ ms }) => ms);
  return `${percentile(all, low).toFixed(0)} / ${percentile(all, high).toFixed(0)}`;
}
