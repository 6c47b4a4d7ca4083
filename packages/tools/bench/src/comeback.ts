// `npm run bench:comeback`: what it costs when very many come back at once, compared with socket.io and Centrifugo.
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { clientEvents, createChecker } from "@khui/contracts";
import pg from "pg";
import { fillCommunity } from "./comeback/community.js";
import { measureDeath } from "./comeback/death.js";
import { type Herd, startHerd } from "./comeback/herd-tasks.js";
import { type Passage, pass } from "./comeback/passage.js";
import { measureRejoin } from "./comeback/rejoin.js";
import type { JoinForm } from "./comeback/return-tasks.js";
import { centrifugo, ours, peer, type Rival, visitorsOf } from "./comeback/rivals.js";
import { readLiveOptions } from "./live-options.js";
import { makePeople } from "./people.js";
import { describeMachine, spread, table } from "./report.js";
import { fillHistories, fillRooms, idOf } from "./rooms.js";
import { sum } from "./statistics.js";
import { type BenchSystem, startSystem } from "./system.js";
import { type Undo, undoing } from "./undo.js";

const usage = `npm run bench:comeback -- [--only herd|people|rooms|death] [--rounds 3] [--sockets 1000] [--people 8000] [--rooms 500]
  [--returning 10000] [--processes 2] [--out FILE]
  herd    so many sockets sign in and join one room of 400 members
  people  so many different people sign in
  rooms   one socket joins so many rooms again
  death   a gateway with so many people is killed, and all come back to two others while messages are sent
The environment variable CENTRIFUGO names a Centrifugo 6 to compare with
(go install github.com/centrifugal/centrifugo/v6@latest).`;
const parts = ["herd", "people", "rooms", "death"] as const;
const full = { rounds: 3, sockets: 1_000, people: 8_000, rooms: 500, returning: 10_000, processes: 2 };
const short = { rounds: 1, sockets: 60, people: 60, rooms: 20, returning: 60, processes: 2 };
if (process.argv.includes("--help")) {
  console.log(usage);
  process.exit();
}
const options = readLiveOptions(process.argv.slice(2), full, short, parts);
const roomMembers = 400;
const messagesBefore = 100;
const times = options.short ? { settleMs: 0, idleMs: 100 } : { settleMs: 1_000, idleMs: 2_000 };
const log = (line: string): void => {
  if (!options.short) console.error(line);
};
const unlimited = { MAX_HANDSHAKES_PER_SECOND: "1000000" };

const sections: string[] = [];
await undoing(async (undo) => {
  if (options.only.has("herd") || options.only.has("people")) await compare(undo);
  if (options.only.has("rooms") || options.only.has("death")) await comeBack(undo);
});
if (options.short) console.log("all came back, and have every entry once, in order");
else {
  const { date, cores, cpu, memoryGb, node } = describeMachine("");
  const markdown = [`${date}: ${cores} × ${cpu}, ${memoryGb} GB, Node ${node}.`, ...sections].join("\n\n");
  console.log(markdown);
  if (options.out) writeFileSync(`${options.out}.md`, `${markdown}\n`);
}

/** The parts that are measured beside others. */
async function compare(undo: Undo): Promise<void> {
  const system = await startSystem({ environment: unlimited });
  undo.add(system.stop);
  const db = await connect(system, undo);
  const herds = Array.from({ length: options.processes }, startHerd);
  for (const herd of herds) undo.add(herd.stop);
  const roomId = idOf(1, 0);
  const members = makePeople(system.secret, roomMembers, "member");
  await fillRooms(db, [{ id: roomId, members: members.ids.map((_, n) => n) }], members.ids);
  const senders = [members.ids[0]!, members.ids[1]!] as const;
  await fillHistories(db, { kind: 2, rooms: [{ roomId, senders }], size: messagesBefore });

  const others = [await peer(system, roomId)];
  const { CENTRIFUGO } = process.env;
  if (CENTRIFUGO) others.push(await centrifugo(CENTRIFUGO, system, roomId));
  for (const { stop } of others) undo.add(stop);
  if (options.only.has("herd")) {
    const tokens = Array.from({ length: options.sockets }, (_, n) => members.tokens[n % roomMembers]!);
    const rivals = [ours(system, roomId), ours(system, roomId, messagesBefore), ...others];
    const title = `${options.sockets} sockets sign in and join a room of ${roomMembers} members`;
    sections.push(
      title,
      await compareHerds(
        rivals.map((rival) => ({ rival, tokens })),
        herds,
        true,
      ),
    );
  }
  if (options.only.has("people")) {
    const alone = makePeople(system.secret, options.people, "alone");
    const social = makePeople(system.secret, options.people, "social");
    await fillCommunity(db, { people: social, kind: 16, largeRoom: 400, smallRoom: 8, smallRooms: 4, messages: 10 });
    const rivals = [
      { rival: { ...ours(system, roomId), name: "ours, in no room" }, tokens: alone.tokens },
      { rival: { ...ours(system, roomId), name: "ours, in 5 rooms" }, tokens: social.tokens },
      ...others.map((rival) => ({ rival, tokens: alone.tokens })),
    ];
    sections.push(`${options.people} different people sign in`, await compareHerds(rivals, herds, false));
  }
}

/** The parts that are measured under the limits of a system as it is deployed, but for those of an address. */
async function comeBack(undo: Undo): Promise<void> {
  const system = await startSystem({ environment: { LIMIT_PER_USER: "1200" } });
  undo.add(system.stop);
  const db = await connect(system, undo);
  const inOne = createChecker(clientEvents.join_chat.payload)({ rooms: [{ chatRoomId: idOf(0, 0) }] }).length === 0;
  if (options.only.has("rooms")) {
    const forms: JoinForm[] = inOne ? ["single", "rooms"] : ["single"];
    const rows = await measureRejoin(system, db, { rooms: options.rooms, forms }, undo);
    sections.push(table([`one socket joins ${options.rooms} rooms again`, "s", "joins refused"], rows));
  }
  if (options.only.has("death")) {
    const { returning: people, processes } = options;
    const plan = {
      people,
      processes,
      form: inOne ? "rooms" : "single",
      quietMs: options.short ? 1_000 : 10_000,
    } as const;
    sections.push(await measureDeath(system, db, plan, undo));
  }
}

interface Entry {
  readonly rival: Rival;
  readonly tokens: readonly string[];
}

/** A table with a column for each rival, which take turns. Ratios are those of the first to each. */
async function compareHerds(entries: readonly Entry[], herds: readonly Herd[], joins: boolean): Promise<string> {
  const rounds = entries.map(() => [] as Array<{ signIn: Passage; join: Passage | undefined }>);
  for (let round = 0; round <= options.rounds; round++) {
    for (const [n, { rival, tokens }] of entries.entries()) {
      const passage = await pass(rival, herds, visitorsOf(rival, tokens, herds.length), { ...times, joins });
      await sleep(options.short ? 0 : rival.graceMs);
      // The first round warms up.
      if (round > 0) rounds[n]!.push(passage);
    }
    log(`round ${round} of ${options.rounds} is done${round === 0 ? " (it warms up)" : ""}`);
  }
  type Round = (typeof rounds)[number][number];
  const row = (name: string, digits: number, pick: (round: Round) => number | undefined): string[] => [
    name,
    ...rounds.map((one) => {
      const values = one.flatMap((round) => pick(round) ?? []);
      return values.length === 0 ? "" : spread(values, digits);
    }),
  ];
  const cpuOf = (passage: Passage | undefined) => passage && sum([...passage.cpu.values()]);
  const processes = new Set(rounds.flat().flatMap(({ signIn }) => [...signIn.cpu.keys()]));
  const rows = [
    row("until all are there, s", 2, ({ signIn, join }) => signIn.seconds + (join?.seconds ?? 0)),
    row("CPU for one, ms", 3, ({ signIn, join }) => (cpuOf(signIn) ?? 0) + (cpuOf(join) ?? 0)),
    row("to sign in, CPU ms", 3, ({ signIn }) => cpuOf(signIn)),
    ...[...processes].map((name) => row(`— ${name}`, 3, ({ signIn }) => signIn.cpu.get(name))),
    row("to sign in, bytes received", 0, ({ signIn }) => signIn.bytes),
  ];
  const joining = [
    row("to join, CPU ms", 3, ({ join }) => cpuOf(join)),
    ...[...processes].map((name) => row(`— ${name}`, 3, ({ join }) => join?.cpu.get(name))),
    row("to join, bytes received", 0, ({ join }) => join?.bytes),
  ];
  return table(["", ...entries.map(({ rival }) => rival.name)], joins ? [...rows, ...joining] : rows);
}

async function connect({ postgresUrl }: BenchSystem, undo: Undo): Promise<pg.Client> {
  const db = new pg.Client({ connectionString: postgresUrl });
  await db.connect();
  undo.add(() => db.end());
  return db;
}
