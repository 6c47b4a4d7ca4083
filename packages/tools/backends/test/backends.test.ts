// Private servers start, survive a crash with their data, stop without a trace, and do not outlive their parent.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runMain } from "@khui/test-kit/children";
import { until } from "@khui/test-kit/until";
import t, { test } from "tap";
import { type BackendName, startBackends } from "../src/backends.js";
import { accepts, replies } from "../src/probes.js";

const run = promisify(execFile);
const all: BackendName[] = ["postgres", "nats", "redis"];
const portOf = (url: string | undefined): number => Number(new URL(url ?? "").port);
const sql = async (url: string | undefined, query: string): Promise<string> =>
  (await run("psql", [url ?? "", "-wXAtc", query])).stdout.trim();

// A place of its own for temporary folders: others may be starting servers too.
const place = mkdtempSync(join(tmpdir(), "khui-backends-test-"));
chmodSync(place, 0o755);
process.env.TMPDIR = place;
t.teardown(() => rmSync(place, { recursive: true, force: true }));
const folders = (): string[] => readdirSync(place).filter((name) => name.startsWith("khui-"));

test("two sets of all three start at once and know nothing of each other", async (t) => {
  const sets = await Promise.all([startBackends(all, { environment: {} }), startBackends(all, { environment: {} })]);
  const urls = sets.flatMap((set) => [set.postgresUrl, set.natsUrl, set.redisUrl]);
  t.equal(new Set(urls).size, 6);
  for (const [index, set] of sets.entries()) {
    await sql(set.postgresUrl, `create table own (n int); insert into own values (${index})`);
    await until("Redis answers", () => replies(portOf(set.redisUrl), `SET own ${index}\r\n`, "+OK"));
    await until("NATS answers", () => replies(portOf(set.natsUrl), "PING\r\n", "PONG"));
  }
  for (const [index, set] of sets.entries()) {
    t.equal(await sql(set.postgresUrl, "select n from own"), String(index));
    await until("Redis has its own", () => replies(portOf(set.redisUrl), "GET own\r\n", `\r\n${index}\r\n`));
  }
  t.equal(await sql(sets[0].postgresUrl, "show fsync"), "on");
  await Promise.all(sets.map((set) => set.stop()));
  for (const url of urls) t.notOk(await accepts(portOf(url)), `${url} is down`);
  t.same(folders(), [], "no folder is left");
});

test("a killed server comes back on its port with its data", async (t) => {
  const backends = await startBackends(all, { environment: {} });
  t.teardown(() => backends.stop());
  await sql(backends.postgresUrl, "create table kept (n int); insert into kept values (7)");
  for (const name of all) {
    const port = portOf(backends[`${name}Url`]);
    await backends.kill(name);
    t.notOk(await accepts(port), `${name} is down`);
    await backends.restart(name);
    t.ok(await accepts(port), `${name} is back`);
  }
  t.equal(await sql(backends.postgresUrl, "select n from kept"), "7");
  await backends.restart("postgres");
  t.equal(await sql(backends.postgresUrl, "select n from kept"), "7", "also when it was running");
});

test("a server that is held answers when it goes on, and can be ended while it is held", async (t) => {
  const backends = await startBackends(all, { environment: {} });
  t.teardown(() => backends.stop());
  const questions = {
    postgres: () => sql(backends.postgresUrl, "select 1").then(() => true),
    nats: () => replies(portOf(backends.natsUrl), "PING\r\n", "PONG"),
    redis: () => replies(portOf(backends.redisUrl), "PING\r\n", "PONG"),
  };
  for (const name of all) {
    await backends.pause(name);
    let answered = false;
    const asked = questions[name]().then((answer) => {
      answered = answer;
    });
    t.equal(await replies(portOf(backends[`${name}Url`]), "PING\r\n", "P"), false, `${name} is silent`);
    t.equal(answered, false);
    await backends.resume(name);
    await asked;
    await until(`${name} answers`, questions[name]);
    await backends.pause(name);
    await backends.restart(name);
    await until(`${name} answers`, questions[name]);
    t.pass(`${name} was held, and is back`);
    await backends.shutDown(name);
    t.notOk(await accepts(portOf(backends[`${name}Url`])), `${name} is down`);
    await backends.restart(name);
  }
});

test("what the environment names is used as it is and never ended", async (t) => {
  const backends = await startBackends(["nats"], { environment: { NATS_URL: "nats://elsewhere:4222" } });
  t.equal(backends.natsUrl, "nats://elsewhere:4222");
  t.equal(backends.redisUrl, undefined);
  await t.rejects(backends.kill("nats"), /NATS_URL/);
  await t.rejects(backends.restart("nats"), /NATS_URL/);
  await t.rejects(backends.kill("redis"), /not started/);
  await backends.stop();
});

test("one server that cannot start stops the others", async (t) => {
  const machine = {
    environment: {},
    findDocker: async () => undefined,
    findBinary: (name: string) => (name === "redis-server" ? "/bin/false" : `/usr/sbin/${name}`),
    installPackages: undefined,
  };
  await t.rejects(startBackends(["nats", "redis"], { machine }), /redis does not start/);
  t.same(folders(), []);
});

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`when the process that started them ends by ${signal}, nothing stays`, async (t) => {
    const { child, urls } = await runMain(all);
    t.equal(urls.length, 3);
    for (const url of urls) t.ok(await accepts(portOf(url)), url);
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
    for (const url of urls) await until("it is gone", async () => !(await accepts(portOf(url))));
    await until("its data is gone", () => folders().length === 0);
  });
}
