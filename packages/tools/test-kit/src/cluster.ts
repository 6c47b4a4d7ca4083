// `npm run cluster`: the distributed form on this machine, each service its own process behind HAProxy, until Ctrl-C.
import { parseArgs } from "node:util";
import { connectionLimits } from "@khui/backends/connection-limits";
import { createSigner } from "fast-jwt";
import { type DistributedSystem, type Replicas, startDistributed } from "./distributed.js";

const usage =
  "npm run cluster -- [--gateways 2] [--messages 2] [--rooms 1] [--media 1] [--stickers 1] [--port 3101]\n" +
  "JWT_SECRET signs tokens; POSTGRES_URL, NATS_URL, REDIS_URL, S3_URL name servers to use instead of private ones.";
const tokenSeconds = 86_400;
/** Of the 100 connections that our Postgres allows. */
const maxConnections = 90;

function readOptions(): { replicas: Replicas; port: number } {
  const option = (preset: string) => ({ type: "string", default: preset }) as const;
  const { values } = parseArgs({
    options: {
      gateways: option("2"),
      messages: option("2"),
      rooms: option("1"),
      media: option("1"),
      stickers: option("1"),
      port: option("3101"),
    },
  });
  const number = (name: keyof typeof values, most: number): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`--${name} is 1 to ${most}`);
    return value;
  };
  // The edge's configuration has server slots for this many replicas.
  const replicas = {
    "rooms-api": number("rooms", 10),
    "messages-api": number("messages", 10),
    "media-service": number("media", 10),
    "sticker-service": number("stickers", 10),
    "realtime-gateway": number("gateways", 20),
  };
  return { replicas, port: number("port", 65_535) };
}

/** Pool sizes: all replicas together stay within our Postgres's limit, and those of a service within its role's limit. */
function poolSize({ "realtime-gateway": _, ...storing }: Replicas): number {
  const limits = connectionLimits();
  const pools = Object.values(storing).reduce((sum, count) => sum + count, 0);
  const own = Object.entries(storing).map(([service, count]) => Math.floor((limits[service] ?? 0) / count));
  return Math.max(2, Math.min(10, Math.floor(maxConnections / pools), ...own));
}

function printAddresses({ url, secret, processes }: DistributedSystem, ownSecret: boolean): void {
  const sign = createSigner({ key: secret, algorithm: "HS256" });
  const now = Math.floor(Date.now() / 1000);
  const token = (sub: string, name: string) => sign({ sub, name, iat: now, exp: now + tokenSeconds });
  const lines = [
    `Khui is serving on ${url}`,
    ...Object.entries(processes).map(([name, one]) => `  ${name} ${one.url} (pid ${one.pid})`),
    "  tokens for two people, good for a day",
    `  export KHUI_URL=${url}`,
    `  export ALICE=${token("alice", "Alice")}`,
    `  export BOB=${token("bob", "Bob")}`,
    `  others: sign with HS256 and ${ownSecret ? `the secret ${secret}` : "JWT_SECRET"}`,
    "  Ctrl-C ends it and removes its data",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
  process.exit(2);
}
// Before the start, so that a signal during it also stops the processes.
const stopAsked = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
});
const { JWT_SECRET, PUBLIC_URL = `http://localhost:${options.port}` } = process.env;
const settings = { ...(JWT_SECRET ? { JWT_SECRET } : {}), PUBLIC_URL, POSTGRES_POOL: `${poolSize(options.replicas)}` };
const system = await startDistributed(settings, options);
printAddresses(system, !JWT_SECRET);
await stopAsked;
await system.stop();
