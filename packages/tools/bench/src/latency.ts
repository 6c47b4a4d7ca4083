// From request to new_message at another member's socket, at a steady rate.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Bench, targetOf } from "./bench.js";
import type { LoadResult } from "./load-process.js";

export interface Latency {
  /** Messages a second asked for. */
  readonly rate: number;
  /** One a round. */
  readonly rounds: LoadResult[];
  /** Milliseconds by which the timers of an idle process were late meanwhile: a lower bound of all the figures above. */
  readonly idle: { readonly p50: number; readonly p99: number };
}

const idleTickMs = 1;

/** Every room has one listening member, each person listening in all rooms whose first member they are. */
function listenersOf({ people, rooms }: Bench) {
  const roomIds = new Map<number, string[]>();
  for (const { id, members } of rooms) roomIds.set(members[0]!, [...(roomIds.get(members[0]!) ?? []), id]);
  return [...roomIds].map(([n, ids]) => ({ token: people.tokens[n]!, roomIds: ids }));
}

/** Throws when a send failed, or one that was acknowledged did not arrive exactly once. */
export async function measureLatency(bench: Bench, rate: number): Promise<Latency> {
  const rounds: LoadResult[] = [];
  const delay = monitorEventLoopDelay({ resolution: idleTickMs });
  for (let round = 0; round <= bench.options.rounds; round++) {
    const result = await sendAndListen(bench, `latency${round}-`, bench.options.seconds, rate);
    // The first one warms up.
    if (round > 0) rounds.push(result);
    else delay.enable();
  }
  delay.disable();
  const late = (percent: number): number => Math.max(0, delay.percentile(percent) / 1e6 - idleTickMs);
  return { rate, rounds, idle: { p50: late(50), p99: late(99) } };
}

/** Sends to all rooms while their listeners count. Throws as measureLatency does, and when the database disagrees. */
export async function sendAndListen(bench: Bench, label: string, seconds: number, rate?: number): Promise<LoadResult> {
  const { system, load, options, db } = bench;
  const result = await load.run({
    url: system.urls["messages-api"],
    targets: bench.rooms.map((room) => targetOf(bench, room)),
    connections: options.connections,
    seconds,
    rate,
    label,
    listening: { url: system.urls["realtime-gateway"], listeners: listenersOf(bench) },
  });
  const { rows } = await db.query<{ stored: number }>(
    "SELECT count(*)::int AS stored FROM messages.messages WHERE starts_with(content, $1)",
    [label],
  );
  const counts = {
    failed: result.failed,
    acknowledged: result.acknowledged,
    stored: rows[0]!.stored,
    received: result.delivered?.messages,
    repeated: result.delivered?.repeated,
  };
  const exact = counts.stored === counts.acknowledged && counts.received === counts.acknowledged;
  if (!exact || counts.failed !== 0 || counts.repeated !== 0)
    throw new Error(`counts differ: ${JSON.stringify(counts)}`);
  return result;
}
