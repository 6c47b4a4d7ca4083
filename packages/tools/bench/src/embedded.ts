// `npm run bench:embedded`: what `npm start` costs: until it serves, in memory, and a send.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cpuBetween, cpuSeconds, elsewhere } from "./cpu.js";
import { startLoadProcess } from "./load-process.js";
import { memoryOf } from "./memory.js";
import { positive } from "./options.js";
import { makePeople, type People } from "./people.js";
import type { Target } from "./sending.js";
import { sum } from "./statistics.js";

const built = fileURLToPath(new URL("../../../../services/standalone/dist/main.js", import.meta.url));
const secret = "a secret of the embedded bench";
const roomCount = 100;
const roomSize = 5;
/** After which a process that was just started, or loaded, has come to rest. */
const settlingPauseMs = 3_000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    connections: { type: "string", default: "32" },
    /** A main.js to measure in turns with this one's; may be repeated. */
    program: { type: "string", multiple: true, default: [built] },
  },
});
const seconds = positive("seconds", values.seconds);
const connections = positive("connections", values.connections);

const load = startLoadProcess();
try {
  for (let round = 1; round <= positive("rounds", values.rounds); round++) {
    for (const program of values.program) console.log(JSON.stringify({ round, program, ...(await measure(program)) }));
  }
} finally {
  await load.stop();
}

async function measure(program: string) {
  const dataDir = mkdtempSync(join(tmpdir(), "khui-bench-embedded-"));
  const first = await start(program, dataDir);
  await end(first.child);
  const { child, url, startMs } = await start(program, dataDir);
  try {
    const people = makePeople(secret, 100, "bench");
    const targets = await makeRooms(url, people);
    await sleep(settlingPauseMs);
    const idle = shown(memoryOf(child.pid!));
    const plan = { url, targets, connections };
    await load.run({ ...plan, seconds: 2, label: "warm-" });
    const processes = { khui: child.pid!, load: load.pid };
    const before = cpuSeconds(processes);
    const { acknowledged, failed, seconds: took, answer } = await load.run({ ...plan, seconds, label: "" });
    const used = cpuBetween(before, cpuSeconds(processes));
    const loaded = shown(memoryOf(child.pid!));
    await sleep(settlingPauseMs);
    const rested = shown(memoryOf(child.pid!));
    return {
      firstStartMs: first.startMs,
      secondStartMs: startMs,
      perSecond: Math.round(acknowledged / took),
      failed,
      answer,
      // CPU seconds of the system by 1,000 sends, and cores that were busy with other things.
      cpuPerThousand: used.get("khui")! / (acknowledged / 1000),
      coresElsewhere: used.get(elsewhere)! / took,
      idle,
      loaded,
      rested,
    };
  } finally {
    await end(child);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Resolves when it has said that it serves; `startMs` is from the start of the process to there. */
async function start(program: string, dataDir: string): Promise<{ child: ChildProcess; url: string; startMs: number }> {
  const far = "1000000000";
  const limits = { LIMIT_PER_USER: far, LIMIT_PER_ADDRESS: far, LIMIT_ROOMS_CREATED: far, LIMIT_PEOPLE_ADDED: far };
  const began = performance.now();
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, PORT: "0", DATA_DIR: dataDir, JWT_SECRET: secret, ...limits },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const url = /serving on (\S+)/.exec(output)?.[1];
    if (url !== undefined) return { child, url, startMs: Math.round(performance.now() - began) };
  }
  throw new Error(`${program} ended: ${output}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}

/** One after the other, which also the slowest stands. */
async function makeRooms(url: string, { ids, tokens }: People): Promise<Target[]> {
  const rooms: Target[] = [];
  for (let n = 0; n < roomCount; n++) {
    const members = Array.from({ length: roomSize }, (_, i) => (n + i) % ids.length);
    const [creator, ...others] = members;
    const response = await fetch(`${url}/api/v1/chat/rooms`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens[creator!]}`, "content-type": "application/json" },
      body: JSON.stringify({
        type: "group",
        name: "Bench",
        activityId: `bench-${n}`,
        participants: others.map((i) => ids[i]),
      }),
    });
    const { chatRoom } = (await response.json()) as { chatRoom?: { _id: string } };
    if (!chatRoom) throw new Error(`no room: ${response.status}`);
    rooms.push({ roomId: chatRoom._id, tokens: members.map((i) => tokens[i]!) });
  }
  return rooms;
}

/** Whole megabytes by program, and of all. */
function shown(memory: ReadonlyMap<string, number>): Record<string, number> {
  const all = sum([...memory.values()]);
  return Object.fromEntries([...memory, ["all", all] as const].map(([name, mb]) => [name, Math.round(mb)]));
}
