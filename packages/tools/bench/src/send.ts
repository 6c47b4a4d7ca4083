// `npm run bench:send`: the cost of sending in the distributed form, compared with what its database could do.
import { writeFileSync } from "node:fs";
import pg from "pg";
import type { Bench } from "./bench.js";
import { measureFlatness } from "./flatness.js";
import { measureLatency, sendAndListen } from "./latency.js";
import { startLoadProcess } from "./load-process.js";
import { type Options, readOptions } from "./options.js";
import { makePeople } from "./people.js";
import { describeMachine, type Results, toMarkdown } from "./report.js";
import { fillHistories, fillRooms, planRooms } from "./rooms.js";
import { median } from "./statistics.js";
import { startSystem } from "./system.js";
import { measureThroughput } from "./throughput.js";

const people = 100;
const roomSize = 5;
const roomCount = { full: 1000, short: 20 };
/** In each room. */
const messagesBefore = 100;
const shortSeconds = 2;
/** Where the latency part runs without the throughput part. */
const defaultRate = 500;

const options = readOptions(process.argv.slice(2));
const undo: Array<() => Promise<void>> = [];
const stop = async (): Promise<void> => {
  for (const close of undo.splice(0).reverse()) await close().catch((error: unknown) => console.error(error));
};
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void stop().then(() => process.exit(1)));
try {
  const bench = await start(options);
  if (options.short) await checkCounts(bench);
  else await measure(bench);
} finally {
  await stop();
}

async function start(options: Options): Promise<Bench> {
  const system = await startSystem({ profileFolder: options.profile });
  undo.push(system.stop);
  const load = startLoadProcess();
  undo.push(load.stop);
  const db = new pg.Client({ connectionString: system.postgresUrl });
  await db.connect();
  undo.push(() => db.end());
  const everyone = makePeople(system.secret, people, "bench");
  const rooms = planRooms(options.short ? roomCount.short : roomCount.full, roomSize, people);
  await fillRooms(db, rooms, everyone.ids);
  // Otherwise plans made for empty tables would be measured.
  const senders = rooms.map(({ id, members: [, a, b] }) => ({
    roomId: id,
    senders: [everyone.ids[a!]!, everyone.ids[b!]!] as const,
  }));
  await fillHistories(db, { kind: 6, rooms: senders, size: messagesBefore });
  return { options, system, db, load, people: everyone, rooms, log: console.error };
}

async function checkCounts(bench: Bench): Promise<void> {
  const { acknowledged } = await sendAndListen(bench, "short-", shortSeconds);
  if (acknowledged === 0) throw new Error("nothing was sent");
  console.log(`${acknowledged} sends acknowledged, each stored and received once`);
}

async function measure(bench: Bench): Promise<void> {
  const { only, seconds, rounds, connections, out } = options;
  const { rows } = await bench.db.query<{ server_version: string }>("SHOW server_version");
  const throughput = only.has("throughput") ? await measureThroughput(bench) : undefined;
  const rate = throughput ? median(throughput.manyRooms.perSecond) / 2 : defaultRate;
  const latency = only.has("latency") ? await measureLatency(bench, rate) : undefined;
  const flatness = only.has("flatness") ? await measureFlatness(bench) : undefined;
  const results: Results = {
    machine: describeMachine(rows[0]!.server_version),
    settings: { seconds, rounds, connections },
    ...(throughput ? { throughput } : {}),
    ...(latency ? { latency } : {}),
    ...(flatness ? { flatness } : {}),
  };
  const markdown = toMarkdown(results);
  console.log(markdown);
  if (out) {
    writeFileSync(`${out}.md`, `${markdown}\n`);
    writeFileSync(`${out}.json`, `${JSON.stringify(results, null, 2)}\n`);
  }
}
