// One run over a bad network: three gateways, clients of every transport of Socket.IO, and the verification.

import { setTimeout as sleep } from "node:timers/promises";
import { startDistributed } from "@khui/test-kit/distributed";
import type { LineKind } from "@khui/test-kit/line";
import { createRandom } from "@khui/test-kit/random";
import { useSystem } from "@khui/test-kit/system";
import type { Stage } from "./actions.js";
import { allBack, closeAll, completionTimeoutMs, sumOf } from "./check.js";
import { type Closers, withCleanup } from "./cleanup.js";
import { findDifferences } from "./differences.js";
import { Ledger } from "./ledger.js";
import { startLoad } from "./load.js";
import { gatherCast } from "./people.js";
import { failureAfter } from "./until.js";
import { openWire, type Wire } from "./wire.js";

export interface CutsOptions {
  /** How long connections are cut. */
  readonly seconds: number;
  readonly seed: number;
  /** Operations per second that all clients together begin. */
  readonly perSecond: number;
  /** Aborts the run: it rejects, and leaves nothing running. */
  readonly signal?: AbortSignal;
  /** Called with each line of progress. */
  log(line: string): void;
}

export interface CutsReport {
  /** Acknowledged operations by kind. */
  readonly counts: ReadonlyMap<string, number>;
  /** Log entries that clients received, and connections on which they resumed. */
  readonly entries: number;
  readonly resumes: number;
  readonly wire: Wire["counts"];
  /** Empty when the run passed. */
  readonly differences: readonly string[];
  readonly logs: string;
}

const kinds: readonly LineKind[] = ["polling", "websocket", "default"];
const ofEachKind = 4;
const rooms = 5;
/** Two of three kinds end up on a WebSocket, whichever gateway a request reaches. */
const settledSockets = { polling: ofEachKind, websocket: 2 * ofEachKind };

/** Runs a check from start to cleanup. Rejects only when the check itself cannot be done. */
export async function runCuts(options: CutsOptions): Promise<CutsReport> {
  options.log(`seed ${options.seed}`);
  return withCleanup(options.signal, (closers) => run(options, closers));
}

async function run({ seconds, seed, perSecond, log }: CutsOptions, closers: Closers): Promise<CutsReport> {
  const system = await startDistributed({}, { replicas: { "realtime-gateway": 3, "messages-api": 1 } });
  closers.push(() => system.stop());
  const random = createRandom(seed);
  const wire = await openWire(system.url, createRandom(random.below(2 ** 31)));
  closers.push(() => wire.close());
  const noted = { teardown: (close: () => unknown) => closers.push(close), fail: log };
  const people = await useSystem(noted, { url: wire.url, secret: system.secret });
  const ledger = new Ledger();
  const clients = kinds.length * ofEachKind;
  const cast = await gatherCast({ system: people, clients, rooms, kinds, random, ledger, seconds, onEntry: () => {} });
  const { actors, roomIds } = cast;
  closers.push(() => closeAll(actors));

  const givingUp = new AbortController();
  closers.push(() => givingUp.abort());
  let counted = 0;
  const stage: Stage = {
    actors,
    roomIds,
    ledger,
    tally: { tries: 0, unanswered: new Map(), refused: [] },
    givenUp: givingUp.signal,
    count: () => ++counted,
    onSent: () => {},
    onAway: () => {},
  };
  wire.disturb();
  const load = startLoad(actors, stage, perSecond);
  await sleep(seconds * 1_000);
  wire.calm();
  log(`no more cuts after ${wire.counts.cuts} of ${wire.counts.connections} connections, ${wire.counts.stalls} stalls`);
  const late = setTimeout(() => givingUp.abort(), completionTimeoutMs);
  await load.finish();
  clearTimeout(late);
  log("all is answered");

  const differences = [...stage.tally.refused];
  const note = (text: string | undefined): void => void (text !== undefined && differences.push(text));
  // Once more, all of them at once: an upgrade that was cut is tried again by the next connection only.
  closeAll(actors);
  note(await allBack(actors));
  note(await failureAfter(completionTimeoutMs, () => assertTransports(system.gateways)));
  log("all are back");
  differences.push(...(await findDifferences(actors, ledger, completionTimeoutMs)).differences);
  return {
    counts: ledger.counts,
    entries: sumOf(actors, ({ follower }) => follower.counts.entries),
    resumes: sumOf(actors, ({ follower }) => follower.counts.resumes),
    wire: wire.counts,
    differences,
    logs: differences.length > 0 ? system.logTails() : "",
  };
}

/** Throws unless the gateways together have as many sockets on each transport as there should be. */
async function assertTransports(gateways: readonly string[]): Promise<void> {
  const pages = gateways.map(async (gateway) => (await fetch(`${gateway}/metrics`)).text());
  const text = (await Promise.all(pages)).join("\n");
  for (const [transport, expected] of Object.entries(settledSockets)) {
    const samples = text.matchAll(
      new RegExp(`^khui_gateway_sockets\\{[^}]*transport="${transport}"[^}]*\\} (\\d+)$`, "gm"),
    );
    const sockets = [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
    if (sockets !== expected) throw new Error(`${sockets} sockets use ${transport}, not ${expected}`);
  }
}

/** As text. */
export function renderCuts({ counts, entries, resumes, wire, differences }: CutsReport): string {
  const acknowledged = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [
    `acknowledged: ${acknowledged} (${[...counts].map(([kind, count]) => `${kind} ${count}`).join(", ")})`,
    `entries delivered: ${entries}; clients that came back and resumed: ${resumes}`,
    `connections: ${wire.connections}, cut: ${wire.cuts}, stalled: ${wire.stalls}`,
    `differences: ${differences.length}`,
  ].join("\n");
}
