// `npm run bench:connections`: the cost of an idle connection, and that very many stay connected, compared with socket.io.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Contender, placesOf, startContender, startLiveBackends } from "./contenders.js";
import { type CrowdProcess, type Outcome, type Place, startCrowd } from "./crowd-process.js";
import { withUsage } from "./live-cpu.js";
import { readLiveOptions } from "./live-options.js";
import { printResults, Rounds } from "./live-report.js";
import { idOf } from "./rooms.js";
import type { ServerProcess } from "./server-process.js";
import { median } from "./statistics.js";
import { undoing } from "./undo.js";

const full = { connections: 20_000, rounds: 1, users: 3_000 };
const short = { connections: 100, rounds: 1, users: 60 };
/** Files that a server has open besides its connections: code, pipes, NATS, Redis. */
const otherFiles = 60;
/** Connections opened before memory is first read, so that the code is loaded and warm. */
const warm = { full: 1_000, short: 20 };
const heartbeats = 2;
/** The default of both. A ping answered at once is followed by the next after this time. */
const pingIntervalMs = 25_000;
const maxPerCrowd = 10_000;
const room = idOf(9, 0);
/** Of the watching part: rooms in each user's list, and users who share one list. */
const rooms = { each: 50, sharedBy: 10 };
const names = {
  memory: "KB of memory an idle connection",
  heap: "of it the JavaScript heap, KB",
  held: "connections held over two heartbeats",
  opening: "opened a second",
  reached: "ms from one message to all of them",
  cpu: "CPU of idleness, % of a core",
  watching: `KB of memory a user who watches ${rooms.each} rooms`,
};

const options = readLiveOptions(process.argv.slice(2), full, short, ["idle", "watching"]);
const limit = fileLimit();
const connections = Math.min(options.connections, limit - otherFiles);
const rounds = new Rounds();
const elsewhere: number[] = [];

await undoing(async (undo) => {
  const backends = await startLiveBackends();
  undo.add(backends.stop);
  for (let round = 1; options.only.has("watching") && round <= options.rounds; round++) {
    const contender = await startContender("ours", backends, { replicas: 1, collect: true });
    undo.add(contender.stop);
    const crowd = startCrowd();
    undo.add(crowd.stop);
    await measureWatchedRooms(contender, crowd);
    await crowd.stop();
    await contender.stop();
  }
  for (let round = 1; options.only.has("idle") && round <= options.rounds; round++) {
    for (const kind of ["ours", "peer"] as const) {
      const contender = await startContender(kind, backends, { replicas: 1, collect: true, profile: options.profile });
      undo.add(contender.stop);
      const crowds = Array.from({ length: Math.ceil(connections / maxPerCrowd) }, () => startCrowd());
      for (const crowd of crowds) undo.add(crowd.stop);
      await measure(contender, crowds);
      await Promise.all(crowds.map((crowd) => crowd.stop()));
      await contender.stop();
    }
  }
});

const idleFigures = () => [
  rounds.figure(names.memory, 2, { atMost: 0.55, to: "peer" }, { atMost: 8 }),
  rounds.figure(names.heap, 2),
  rounds.figure(names.held, 0),
  rounds.figure(names.reached, 0, { atMost: 1_000 }),
  rounds.figure(names.cpu, 1),
  rounds.figure(names.opening, 0),
];
const figures = [
  ...(options.only.has("idle") ? idleFigures() : []),
  ...(options.only.has("watching") ? [rounds.figure(names.watching, 2)] : []),
];
const capped = connections < options.connections ? ` (the limit of ${limit} open files allows no more)` : "";
const idleSetting =
  `${connections} connections${capped} to one replica, each of ours signed in as a user of its own; resident memory after a full ` +
  `collection, beyond that with ${warm.full} connections. The message goes to one room that all have joined at the end.`;
const watchingSetting =
  `Watching: ${options.users} users, each with ${rooms.each} rooms that ${rooms.sharedBy} of them share: ` +
  `${(options.users / rooms.sharedBy) * rooms.each} subscriptions on the bus, ${rooms.each / rooms.sharedBy} a user.`;
const setting = [
  ...(options.only.has("idle") ? [idleSetting] : []),
  ...(options.only.has("watching") ? [watchingSetting] : []),
].join(" ");
if (options.short) console.log("every connection was held, and received the message once");
else printResults({ title: "Idle connections, measured", setting, figures, elsewhere: median(elsewhere) }, options.out);

async function measure(contender: Contender, crowds: readonly CrowdProcess[]): Promise<void> {
  const [server] = contender.servers;
  const [first] = crowds;
  const group = contender.kind;
  const all = (task: (crowd: CrowdProcess) => Promise<Outcome>) => Promise.all(crowds.map(task));
  const open = (crowd: CrowdProcess, from: number, to: number) =>
    crowd.run({ task: "open", group, places: idlePlaces(contender, from, to) });

  const warmUp = options.short ? warm.short : warm.full;
  await first!.run({
    task: "open",
    group,
    places: [],
    publisher: contender.publisher(idlePlaces(contender, 0, connections)),
  });
  await open(first!, 0, warmUp);
  const before = await stableMemory(server!);
  const share = Math.ceil((connections - warmUp) / crowds.length);
  const started = performance.now();
  await Promise.all(
    crowds.map((crowd, i) => open(crowd, warmUp + i * share, Math.min(connections, warmUp + (i + 1) * share))),
  );
  const openedIn = (performance.now() - started) / 1000;
  const after = await stableMemory(server!);
  const each = (bytes: "rss" | "heapUsed") => (after[bytes] - before[bytes]) / (connections - warmUp) / 1024;
  rounds.add(names.memory, contender, each("rss"));
  rounds.add(names.heap, contender, each("heapUsed"));
  rounds.add(names.opening, contender, (connections - warmUp) / openedIn);

  if (!options.short) {
    const { usage, result: seconds } = await withUsage(contender, () => waitForHeartbeats(() => all(check)));
    rounds.add(names.cpu, contender, (100 * usage.servers) / seconds);
    elsewhere.push(usage.elsewhere);
  }
  await all((crowd) => crowd.run({ task: "step", group, step: contender.join(room) }));
  const others = crowds.slice(1).map((crowd) => crowd.run({ task: "await", group, each: 1 }));
  const outcome = await first!.run({ task: "waves", group, roomId: room, burst: 1, seconds: 0 });
  const ends = [outcome, ...(await Promise.all(others))].map(({ endedAt }) => endedAt);
  rounds.add(names.reached, contender, Math.max(...ends) - outcome.startedAt);
  // Fails unless every connection is still there.
  await all(check);
  rounds.add(names.held, contender, connections);

  function check(crowd: CrowdProcess): Promise<Outcome> {
    return crowd.run({ task: "check", group });
  }
}

/** Memory of users who are authenticated, once the gateway has fetched which rooms they watch. */
async function measureWatchedRooms(contender: Contender, crowd: CrowdProcess): Promise<void> {
  const [server] = contender.servers;
  const group = "watching";
  const people = idlePlaces(contender, 0, options.users);
  const lists = people.flatMap((place, n) =>
    Array.from({ length: rooms.each }, (_, k) => {
      const roomId = idOf(8, Math.floor(n / rooms.sharedBy) * rooms.each + k);
      return { ...place, roomId };
    }),
  );
  await crowd.run({ task: "open", group, places: [], publisher: contender.publisher(lists) });
  const warmUp = Math.floor(options.users / 3);
  await crowd.run({ task: "open", group, places: people.slice(0, warmUp) });
  const before = await stableMemory(server!);
  const rest = people.slice(warmUp);
  const { usage } = await withUsage(contender, () => crowd.run({ task: "open", group, places: rest }));
  elsewhere.push(usage.elsewhere);
  const after = await stableMemory(server!);
  rounds.add(names.watching, contender, (after.rss - before.rss) / (options.users - warmUp) / 1024);
  await crowd.run({ task: "check", group });
}

/** Waits until every socket has answered enough heartbeats. Returns the seconds it took. */
async function waitForHeartbeats(poll: () => Promise<Outcome[]>): Promise<number> {
  const started = performance.now();
  const latest = started + (heartbeats + 1) * pingIntervalMs;
  for (;;) {
    await sleep(1_000);
    const fewest = Math.min(...(await poll()).map(({ fewestPings }) => fewestPings));
    if (fewest >= heartbeats) return (performance.now() - started) / 1000;
    if (performance.now() > latest) throw new Error(`a connection has had ${fewest} heartbeats, not ${heartbeats}`);
  }
}

/** Authenticated, and in no room yet. */
function idlePlaces(contender: Contender, from: number, to: number): Place[] {
  return placesOf(contender, [from, to], () => room).map(({ steps, ...place }) => ({
    ...place,
    steps: steps.slice(0, -1),
  }));
}

/** Memory once garbage collections no longer change it by more than 1 %. */
async function stableMemory(server: ServerProcess): Promise<{ rss: number; heapUsed: number }> {
  let last = await server.read();
  for (let attempt = 0; attempt < 10; attempt++) {
    await sleep(options.short ? 50 : 1_000);
    const next = await server.read();
    if (Math.abs(next.rss - last.rss) < last.rss / 100) return next;
    last = next;
  }
  return last;
}

/** Files that a process started here may have open; Node raises the soft limit to the hard one. */
function fileLimit(): number {
  try {
    const line = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return line ? Number(line[1]) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY; // Not a Linux.
  }
}
