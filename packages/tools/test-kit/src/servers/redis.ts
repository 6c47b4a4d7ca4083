// A Redis for tests: the one of TEST_REDIS_URL, else a private redis-server that ends with the test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Test } from "tap";

/**
 * @returns the URL of a Redis that takes connections
 * @throws when TEST_REDIS_URL is not set and no redis-server can be started
 */
export async function redisForTest(t: Test): Promise<string> {
  if (process.env.TEST_REDIS_URL) return process.env.TEST_REDIS_URL;
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "khui-redis-"));
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  const server = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<string>((resolve) => {
    server.once("error", (error) => resolve(error.message));
    server.once("exit", (code) => resolve(`it ended with code ${code}`));
  });
  t.teardown(async () => {
    server.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const lines = createInterface(server.stdout);
  const ready = new Promise<"ready">((resolve) => {
    lines.on("line", (line) => line.includes("Ready to accept connections") && resolve("ready"));
  });
  const outcome = await Promise.race([ready, ended]);
  if (outcome !== "ready") {
    throw new Error(`no Redis to test with: set TEST_REDIS_URL or install redis-server (${outcome})`);
  }
  return `redis://127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
