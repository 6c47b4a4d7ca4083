// `npm run bench:fanout`: the cost of delivering a room's messages to its sockets, compared with socket.io and a bare loop.
import {
  type Contender,
  type ContenderKind,
  contenderKinds,
  placesOf,
  startContender,
  startLiveBackends,
} from "./contenders.js";
import { type CrowdProcess, startCrowd } from "./crowd-process.js";
import { withUsage } from "./live-cpu.js";
import { readLiveOptions } from "./live-options.js";
import { printResults, Rounds } from "./live-report.js";
import { idOf } from "./rooms.js";
import { median } from "./statistics.js";
import { type Undo, undoing } from "./undo.js";

const full = { seconds: 5, rounds: 3, sockets: 1_000, "large-room": 10_000 };
const short = { seconds: 0.2, rounds: 1, sockets: 40, "large-room": 60 };
const options = readLiveOptions(process.argv.slice(2), full, short, ["single", "bursts", "pauses"]);

const allWaves = [
  {
    part: "single",
    burst: 1,
    name: "one at a time",
    aims: [
      { atMost: 0.5, to: "peer" },
      { atMost: 1.3, to: "floor" },
    ],
  },
  {
    part: "bursts",
    burst: 16,
    name: "bursts of 16",
    aims: [
      { atMost: 0.12, to: "peer" },
      { atMost: 1.3, to: "floor" },
    ],
  },
] as const;
const waves = allWaves.filter(({ part }) => options.only.has(part));
const [room, largeRoom] = [idOf(7, 0), idOf(7, 1)];
const pauseName = "longest pause, ms: a member comes, goes, a message";
const rounds = new Rounds();
const elsewhere: number[] = [];

await undoing(async (undo) => {
  const backends = await startLiveBackends();
  undo.add(backends.stop);
  const crowd = startCrowd();
  undo.add(crowd.stop);
  const contenders: Contender[] = [];
  for (const kind of contenderKinds) {
    const contender = await startContender(kind, backends, { replicas: 2, profile: options.profile });
    undo.add(contender.stop);
    contenders.push(contender);
    const places = placesOf(contender, [0, options.sockets], () => room);
    const publisher = contender.publisher(places);
    await crowd.run({ task: "open", group: kind, places, publisher });
  }
  await measureWaves(crowd, contenders);
  for (const { kind } of contenders) await crowd.run({ task: "close", group: kind });
  for (const contender of contenders) await contender.stop();
  if (options.only.has("pauses")) await measurePauses(undo, crowd, backends);
});

const figures = [
  ...waves.map(({ name, aims }) => rounds.figure(cpuName(name), 2, ...aims)),
  ...waves.map(({ name }) => rounds.figure(rateName(name), 0)),
  ...(options.only.has("pauses") ? [rounds.figure(pauseName, 1, { atMost: 50 })] : []),
];
const setting =
  `${options.sockets} sockets in one room on two replicas, packets of 250 bytes; ${options.rounds} rounds of ${options.seconds} s, ` +
  `in turns. CPU is user and system time of the servers. The pause is of one replica with ${options["large-room"]} sockets in a room.`;
if (options.short) console.log("every message was received once, in order, by every socket");
else printResults({ title: "Fan-out, measured", setting, figures, elsewhere: median(elsewhere) }, options.out);

function cpuName(name: string): string {
  return `CPU a delivery, µs: ${name}`;
}

function rateName(name: string): string {
  return `deliveries a second: ${name}`;
}

async function measureWaves(crowd: CrowdProcess, contenders: readonly Contender[]): Promise<void> {
  for (let round = 0; round <= options.rounds; round++) {
    for (const { burst, name } of waves) {
      for (const contender of contenders) {
        const group = contender.kind;
        const task = { task: "waves", group, roomId: room, burst, seconds: options.seconds } as const;
        const { usage, result } = await withUsage(contender, () => crowd.run(task));
        await crowd.run({ task: "check", group });
        // The first round warms up.
        if (round === 0) continue;
        rounds.add(cpuName(name), contender, (usage.servers / result.deliveries) * 1e6);
        rounds.add(rateName(name), contender, result.deliveries / result.seconds);
        elsewhere.push(usage.elsewhere);
      }
    }
    if (!options.short)
      console.error(`round ${round} of ${options.rounds} is done${round === 0 ? " (it warms up)" : ""}`);
  }
}

/** One replica of each holds all sockets of a large room; one after the other, since the load process may not open enough files for both. */
async function measurePauses(
  undo: Undo,
  crowd: CrowdProcess,
  backends: Awaited<ReturnType<typeof startLiveBackends>>,
): Promise<void> {
  const size = options["large-room"];
  for (const kind of ["ours", "peer"] satisfies ContenderKind[]) {
    const contender = await startContender(kind, backends, { replicas: 1 });
    undo.add(contender.stop);
    const group = `${kind}, large room`;
    const places = placesOf(contender, [0, size], () => largeRoom);
    await crowd.run({ task: "open", group, places, publisher: contender.publisher(places) });
    const [server] = contender.servers;
    const [place] = placesOf(contender, [size, size + 1], () => largeRoom);
    for (let round = 0; round <= options.rounds; round++) {
      await server!.read();
      const { usage } = await withUsage(contender, () => crowd.run({ task: "guest", group, place: place! }));
      const { longestPause } = await server!.read();
      await crowd.run({ task: "check", group });
      if (round === 0) continue;
      rounds.add(pauseName, contender, longestPause);
      elsewhere.push(usage.elsewhere);
    }
    await crowd.run({ task: "close", group });
    await contender.stop();
  }
}
