// What each service's Redis user may and may not do, on a server started with users.conf.
import { readFileSync } from "node:fs";
import { startBackends } from "@khui/backends/backends";
import { makeSecrets, ownAddresses } from "@khui/backends/secrets";
import { limitsConformance } from "@khui/conformance/limits";
import { presenceConformance } from "@khui/conformance/presence";
import { connectRedisLimits } from "@khui/limits/redis";
import { connectRedisPresence } from "@khui/presence/redis";
import { rawClient } from "@khui/test-kit/raw-client";
import t, { test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";
import { tableUnder } from "../../security/test/page.js";

const secrets = makeSecrets();
const backends = await startBackends(["redis"], { environment: {}, secrets });
t.teardown(() => backends.stop());
const admin = rawClient(t, backends.redisUrl ?? "");
const addressOf = (service: string): string => ownAddresses(service, { redis: backends.redisUrl }, secrets).REDIS_URL;

const fail = (error: Error): never => {
  throw error;
};

for (const service of serviceNames) {
  test(`${service} counts its limits in Redis`, async (t) => {
    const open = () =>
      connectRedisLimits({
        url: addressOf(service),
        prefix: `khui:limits:${service}:`,
        timeoutMs: 10_000,
        onError: fail,
      });
    await limitsConformance(t, async () => open());
    const limits = open();
    t.teardown(() => limits.close());
    await limits.ping();
    await limits.take({ name: "user", points: 5, perSeconds: 60 }, "somebody");
    t.equal(await admin.get(`khui:limits:${service}:user:ksomebody`), "1");
  });
}

test("realtime-gateway can run every script for presence and typing", async (t) => {
  let opened = 0;
  const url = addressOf("realtime-gateway");
  await presenceConformance(t, async () =>
    connectRedisPresence({ url, prefix: `khui:presence:${opened++}:`, onError: fail }),
  );
});

const listed = tableUnder("Redis: keys and commands");
/** What a connection may always say: https://redis.io/docs/latest/commands/acl-setuser (no-auth commands). */
const always = ["auth", "hello", "quit", "reset"];

for (const { name, cells } of listed) {
  test(`of all the server's commands, ${name} may use those in the table of docs/security.md`, async (t) => {
    const [, commands = []] = cells;
    const allowed: string[] = [];
    for (const { command, words } of await everyCommand()) {
      const answer = await admin.call("ACL", "DRYRUN", name, ...words);
      if (!/has no permissions to run/.test(String(answer))) allowed.push(command);
    }
    t.same(allowed.sort(), [...commands, ...always].sort());
  });

  test(`${name} can access only its own keys, directly or in a script`, async (t) => {
    const [patterns = [], commands = []] = cells;
    const own = rawClient(t, addressOf(name));
    const keys = [...listed.flatMap((row) => row.cells[0]!), "*", "khui:*", "khui:limits:*", `khui:limits:${name}`];
    for (const pattern of new Set(keys)) {
      const key = pattern.replace(/\*$/, "x");
      const may = patterns.some((prefix) => key.startsWith(prefix.replace(/\*$/, "")));
      const attempts = {
        itself: own.call("SET", key, "1"),
        "a script": own.call("EVAL", "return redis.call('SET', KEYS[1], 1)", "1", key),
        "a script that hides it": own.call("EVAL", "return redis.call('SET', ARGV[1], 1)", "0", key),
        "a script for a command": own.call("EVAL", `return redis.call('GET', ARGV[1])`, "0", key),
      };
      for (const [how, attempt] of Object.entries(attempts)) {
        const good = may && (how !== "a script for a command" || commands.includes("get"));
        if (good) await t.resolves(attempt, `${key} by ${how}`);
        else await t.rejects(attempt, /NOPERM|can't (run|access)/, `${key} by ${how}`);
      }
      if (may) await admin.del(key);
    }
  });

  test(`${name} cannot change the server or disturb others`, async (t) => {
    const own = rawClient(t, addressOf(name));
    const dangerous = [
      ...["REPLICAOF 127.0.0.1 1", "CONFIG GET *", "CONFIG SET maxmemory 1", "FLUSHALL", "FLUSHDB", "KEYS *", "SCAN 0"],
      ...[
        "SHUTDOWN",

        "MONITOR",
        "ACL LIST",
        "CLIENT LIST",
        "CLIENT KILL TYPE normal",
        "SAVE",
        "DBSIZE",
      ],
      ...["SCRIPT FLUSH", "SCRIPT KILL", "MODULE LIST", "SUBSCRIBE x", "PUBLISH x y", "SELECT 1", "MIGRATE h 1 k 0 1"],
    ];
    for (const command of dangerous) {
      const [word = "", ...rest] = command.split(" ");
      await t.rejects(own.call(word, ...rest), /NOPERM/, command);
    }
  });
}

test("nobody can log in without a password, or with another user's", async (t) => {
  const address = new URL(backends.redisUrl ?? "");
  const open = Object.assign(new URL(address), { username: "", password: "" });
  await t.rejects(rawClient(t, open.href).ping(), /NOAUTH/);
  const swapped = ownAddresses("rooms-api", { redis: address.href }, secrets).REDIS_URL.replace(
    "rooms-api",
    "media-service",
  );
  await t.rejects(rawClient(t, swapped).ping());
});

test("the table of docs/security.md matches users.conf", (t) => {
  const lines = readFileSync(new URL("../users.conf", import.meta.url), "utf8").match(/^user .*/gm) ?? [];
  const users = lines.map((line) => line.split(" ").slice(1));
  const first = (name = "") => `${name} reset on #$REDIS_${name.toUpperCase().replaceAll("-", "_")}_PASSWORD`;
  t.same(users[0]?.join(" "), "default reset on #$REDIS_PASSWORD ~* &* +@all");
  t.same(
    users.slice(1).map((words) => words.join(" ")),
    listed.map(({ name, cells: [keys = [], commands = []] }) =>
      [first(name), "resetchannels", ...keys.map((key) => `~${key}`), ...commands.map((one) => `+${one}`)].join(" "),
    ),
  );
  t.same(
    listed.map(({ name }) => name),
    serviceNames,
  );
  t.end();
});

/** Every command and subcommand of the server, with enough arguments for its permission check. */
async function everyCommand(): Promise<Array<{ command: string; words: string[] }>> {
  const known = (await admin.call("COMMAND")) as Array<[string, number, ...unknown[]]>;
  const flat = known.flatMap((one) => {
    const inner = (one[9] ?? []) as Array<[string, number, ...unknown[]]>;
    return inner.length > 0 ? inner : [one];
  });
  return flat.map(([command, arity]) => {
    const words = command.split("|");
    // Negative: at least that many. A few more are needed for commands that count their keys.
    while (words.length < Math.abs(arity)) words.push("1");
    return { command, words };
  });
}
