// Durable sends per second: over many rooms, into one room, and by pgbench with the same statement.
import { type Bench, targetOf } from "./bench.js";
import { cpuBetween, cpuSeconds } from "./cpu.js";
import type { LoadResult } from "./load-process.js";
import { findPgbench, pgbench } from "./pgbench.js";
import type { BenchRoom } from "./rooms.js";
import { benchSchema, captureSend, pgbenchScript, placesStatement, type Statement } from "./statement.js";
import { median, sum } from "./statistics.js";

export interface SendMeasure {
  /** Messages a second, one value a round. */
  readonly perSecond: number[];
  readonly answerP50: number[];
  readonly answerP99: number[];
  /** Messages a database transaction, on average. */
  readonly batch: number;
  /** By process. */
  readonly cpuSecondsPerThousand: Record<string, number>;
}

export interface PgbenchMeasure {
  readonly clients: number;
  readonly batch: number;
  /** Messages a second: transactions times batch. */
  readonly perSecond: number[];
}

export interface Throughput {
  readonly manyRooms: SendMeasure;
  readonly oneRoom: SendMeasure;
  readonly pgbench: PgbenchMeasure[];
}

const warmUpSeconds = 3;

/** All in turns, round by round, so that noise of the machine affects all equally. Throws when a send failed or is not stored. */
export async function measureThroughput(bench: Bench): Promise<Throughput> {
  const { options, log, rooms } = bench;
  const many = createSender(bench, "many", rooms);
  const one = createSender(bench, "one", rooms.slice(0, 1));
  await many(warmUpSeconds);
  await one(warmUpSeconds);
  const peer = await preparePgbench(bench);
  const manyRounds: Round[] = [];
  const oneRounds: Round[] = [];
  const peers: PgbenchMeasure[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    manyRounds.push(await many(options.seconds));
    oneRounds.push(await one(options.seconds));
    if (round === 1 && peer) {
      const batch = Math.round(manyRounds[0]!.batch);
      peers.push({ clients: options.connections, batch: 1, perSecond: [] });
      for (const clients of [1, 4]) peers.push({ clients, batch, perSecond: [] });
    }
    for (const { clients, batch, perSecond } of peers) perSecond.push(await peer!(clients, batch));
    const rates = [...[manyRounds, oneRounds].map((rounds) => rounds.at(-1)!.perSecond), ...peers.map(lastOf)];
    log(`round ${round}: many rooms, one room, pgbench: ${rates.map(Math.round).join("  ")} messages/s`);
  }
  return { manyRooms: summary(manyRounds), oneRoom: summary(oneRounds), pgbench: peers };
}

const lastOf = ({ perSecond }: PgbenchMeasure): number => perSecond.at(-1)!;

interface Round {
  readonly perSecond: number;
  readonly result: LoadResult;
  readonly batch: number;
  readonly cpu: Map<string, number>;
}

function createSender(bench: Bench, name: string, rooms: readonly BenchRoom[]): (seconds: number) => Promise<Round> {
  const { system, load, options, db } = bench;
  const targets = rooms.map((room) => targetOf(bench, room));
  const pids = { ...system.pids, load: load.pid };
  let runs = 0;
  return async (seconds) => {
    const label = `${name}${runs++}-`;
    const before = cpuSeconds(pids);
    const url = system.urls["messages-api"];
    const result = await load.run({ url, targets, connections: options.connections, seconds, label });
    const cpu = cpuBetween(before, cpuSeconds(pids));
    const { rows } = await db.query<{ stored: number; batches: number }>(
      `SELECT count(*)::int AS stored, count(DISTINCT xmin::text)::int AS batches
       FROM messages.messages WHERE starts_with(content, $1)`,
      [label],
    );
    const { stored, batches } = rows[0]!;
    if (result.failed > 0) throw new Error(`${result.failed} sends of ${label} failed`);
    if (stored !== result.acknowledged)
      throw new Error(`${label}: ${result.acknowledged} acknowledged, ${stored} stored`);
    return { perSecond: stored / result.seconds, result, batch: stored / batches, cpu };
  };
}

function summary(rounds: readonly Round[]): SendMeasure {
  const sends = sum(rounds.map(({ result }) => result.acknowledged));
  const names = new Set(rounds.flatMap(({ cpu }) => [...cpu.keys()]));
  const secondsOf = (name: string): number => sum(rounds.map(({ cpu }) => cpu.get(name) ?? 0));
  return {
    perSecond: rounds.map(({ perSecond }) => perSecond),
    answerP50: rounds.map(({ result }) => result.answer.p50),
    answerP99: rounds.map(({ result }) => result.answer.p99),
    batch: median(rounds.map(({ batch }) => batch)),
    cpuSecondsPerThousand: Object.fromEntries(
      [...names]
        .map((name) => [name, (secondsOf(name) / sends) * 1000] as const)
        .filter(([, seconds]) => seconds >= 0.005),
    ),
  };
}

/** A function that measures messages a second with so many clients and messages a transaction; undefined without pgbench. */
async function preparePgbench(
  bench: Bench,
): Promise<((clients: number, batch: number) => Promise<number>) | undefined> {
  const { db, system, rooms, people, options } = bench;
  const program = findPgbench();
  if (!program) {
    bench.log("no pgbench on this machine: nothing to compare with");
    return undefined;
  }
  const content = "one0-0 the quick brown fox jumps over the lazy dog";
  const statement: Statement = await captureSend(system.postgresUrl, content);
  await db.query(benchSchema);
  const places = placesStatement(
    statement,
    rooms.map(({ id, members }) => ({ roomId: id, senderId: people.ids[members[1]!]! })),
  );
  await db.query(places.sql, [...places.parameters]);
  await db.query("ANALYZE bench.places");
  return async (clients, batch) => {
    const script = pgbenchScript(statement, rooms.length, batch);
    const run = { postgresUrl: system.postgresUrl, script, clients, seconds: options.seconds };
    return (await pgbench(program, run)) * batch;
  };
}
