// `npm run bench:latency`: from publication to receipt at a steady rate, compared with socket.io.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Contender, placesOf, startContender, startLiveBackends } from "./contenders.js";
import { type CrowdProcess, startCrowd } from "./crowd-process.js";
import { withUsage } from "./live-cpu.js";
import { readLiveOptions } from "./live-options.js";
import { printResults, Rounds } from "./live-report.js";
import { idOf } from "./rooms.js";
import { median } from "./statistics.js";
import { undoing } from "./undo.js";

const full = { seconds: 10, rounds: 5, deliveries: 1_000, sockets: 50, "room-size": 10 };
const short = { ...full, seconds: 1, rounds: 1 };
const options = readLiveOptions(process.argv.slice(2), full, short);
const percentiles = [
  ["p50", "p50, ms", []],
  ["p99", "p99, ms", [{ atMost: 1, to: "peer" }]],
  ["p999", "p99.9, ms", []],
] as const;
const idleTickMs = 1;
const roomSize = options["room-size"];
/** Members of a room are on both replicas, so that half of the deliveries of every message cross replicas. */
const roomOf = (n: number): string => idOf(8, Math.floor(n / roomSize));

const rounds = new Rounds();
const elsewhere: number[] = [];
const delay = monitorEventLoopDelay({ resolution: idleTickMs });

await undoing(async (undo) => {
  const backends = await startLiveBackends();
  undo.add(backends.stop);
  const crowd = startCrowd();
  undo.add(crowd.stop);
  const contenders: Contender[] = [];
  for (const kind of ["ours", "peer"] as const) {
    const contender = await startContender(kind, backends, { replicas: 2, profile: options.profile });
    undo.add(contender.stop);
    contenders.push(contender);
    const places = placesOf(contender, [0, options.sockets], roomOf);
    await crowd.run({ task: "open", group: kind, places, publisher: contender.publisher(places) });
  }
  for (let round = 0; round <= options.rounds; round++) {
    for (const contender of contenders) await measure(crowd, contender, round);
    // The first round warms up.
    if (round === 0) delay.enable();
  }
  delay.disable();
});

const late = (percent: number): string => Math.max(0, delay.percentile(percent) / 1e6 - idleTickMs).toFixed(1);
const figures = percentiles.map(([, name, aims]) => rounds.figure(name, 2, ...aims));
const setting =
  `${options.deliveries} deliveries a second to ${options.sockets} sockets in rooms of ${roomSize} on two replicas; ` +
  `${options.rounds} rounds of ${options.seconds} s, in turns. From publication to receipt on one process's clock. A process ` +
  `with nothing to do woke late by ${late(50)} ms (p50), ${late(99)} ms (p99), ${late(99.9)} ms (p99.9).`;
if (options.short) console.log("every message was received once, in order, by every member");
else printResults({ title: "Latency, measured", setting, figures, elsewhere: median(elsewhere) }, options.out);

async function measure(crowd: CrowdProcess, contender: Contender, round: number): Promise<void> {
  const group = contender.kind;
  const rate = options.deliveries / roomSize;
  const task = { task: "steady", group, rate, seconds: options.seconds } as const;
  const { usage, result } = await withUsage(contender, () => crowd.run(task));
  await crowd.run({ task: "check", group });
  if (round === 0 || !result.latency) return;
  for (const [percentile, name] of percentiles) rounds.add(name, contender, result.latency[percentile]);
  elsewhere.push(usage.elsewhere);
}
