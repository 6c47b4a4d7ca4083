// `npm run bench:polling`: the CPU of a client that stays on polling, compared with long polls of a bare node:http server.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cpuSeconds } from "./cpu.js";
import { openConnection } from "./http-connection.js";
import { positive } from "./options.js";
import { startServer } from "./server-process.js";
import { median } from "./statistics.js";
import { undoing } from "./undo.js";

const aim = 1.3;
const warmUpMs = 1_000;
const path = "/socket.io/?EIO=4&transport=polling";
const kinds = ["bare", "ours"] as const;

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "300" },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
  },
});
const clients = positive("clients", values.clients);
const seconds = positive("seconds", values.seconds);
const rounds = positive("rounds", values.rounds);

const request = (method: string, sid: string, body = "") =>
  `${method} ${path}${sid} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** The microseconds of CPU that a poll costs the server, with all that belongs to it. */
async function measure(kind: (typeof kinds)[number]): Promise<number> {
  let micros = Number.NaN;
  await undoing(async (undo) => {
    const program = new URL("polling-server.js", import.meta.url);
    const server = await startServer({ name: kind, program, environment: { BENCH_POLLING: kind } });
    undo.add(server.stop);
    let polls = 0;
    for (let n = 0; n < clients; n += 1) {
      const connection = await openConnection(server.url);
      undo.add(async () => connection.close());
      const opened = (await connection.ask(request("GET", ""))).body.toString();
      const sid = `&sid=${(JSON.parse(opened.slice(1)) as { sid: string }).sid}`;
      await connection.ask(request("POST", sid, "40"));
      const poll = async (): Promise<never> => {
        for (;;) {
          const { status } = await connection.ask(request("GET", sid));
          if (status !== 200) throw new Error(`a poll was answered ${status}`);
          polls += 1;
        }
      };
      // Rejects at the end, when the connection is closed.
      poll().catch(() => {});
    }
    await sleep(warmUpMs);
    const used = () => cpuSeconds({ [kind]: server.pid }).get(kind) ?? Number.NaN;
    const [usedBefore, pollsBefore] = [used(), polls];
    await sleep(seconds * 1_000);
    const [usedAfter, pollsAfter] = [used(), polls];
    if (pollsAfter - pollsBefore < clients) throw new Error("the clients do not poll");
    micros = ((usedAfter - usedBefore) / (pollsAfter - pollsBefore)) * 1e6;
  });
  return micros;
}

const measured: Record<(typeof kinds)[number], number[]> = { bare: [], ours: [] };
for (let round = 1; round <= rounds; round += 1) for (const kind of kinds) measured[kind].push(await measure(kind));
const [bare, ours] = [median(measured.bare), median(measured.ours)];
const ratio = ours / bare;
process.stdout.write(
  `CPU a poll, µs: ours ${ours.toFixed(1)}, node:http ${bare.toFixed(1)}, ` +
    `ours / node:http ${ratio.toFixed(2)} (aim ≤ ${aim}: ${ratio <= aim ? "met" : "missed"})\n`,
);
