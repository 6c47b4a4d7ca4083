// The command line of the backends as a child process.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Runs it and resolves with the URLs it prints, one for each name asked for. */
export async function runMain(names: string[]): Promise<{ child: ChildProcess; urls: string[] }> {
  const main = fileURLToPath(new URL("../../backends/dist/main.js", import.meta.url));
  const { NATS_URL: _nats, REDIS_URL: _redis, POSTGRES_URL: _postgres, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...names], { stdio: ["ignore", "pipe", "ignore"], env });
  const urls: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    urls.push(line.replace(/^export \w+=/, ""));
    if (urls.length === names.length) break;
  }
  return { child, urls };
}
