// Runs pgbench and reads its figures.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { thisMachine } from "@khui/backends/source";

const run = promisify(execFile);

/** The error that execFile rejects with: each client may have written the same long message. */
interface RunFailure {
  readonly stdout: string;
  readonly stderr: string;
}

export interface PgbenchRun {
  readonly postgresUrl: string;
  readonly script: string;
  readonly clients: number;
  readonly seconds: number;
}

/** Undefined where there is no pgbench. */
export const findPgbench = (): string | undefined => thisMachine({ PATH: process.env.PATH }).findBinary("pgbench");

/** Transactions a second, by the server's own load generator with prepared statements. Throws its output when any failed. */
export async function pgbench(program: string, { postgresUrl, script, clients, seconds }: PgbenchRun): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "khui-pgbench-"));
  try {
    const file = join(folder, "send.sql");
    writeFileSync(file, script);
    const threads = Math.min(clients, 2);
    const args = ["-n", "-M", "prepared", "-c", clients, "-j", threads, "-T", seconds, "-f", file, postgresUrl];
    const { stdout, stderr } = await run(program, args.map(String)).catch((error: RunFailure) => error);
    const tps = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
    const failed = /number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? "0";
    if (tps === undefined || failed !== "0") throw new Error(`pgbench: ${stdout}${stderr.slice(0, 1000)}`);
    return Number(tps);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
