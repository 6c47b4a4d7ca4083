// What each service's Postgres role may and may not do, on a server where roles.sql was run.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startBackends } from "@khui/backends/backends";
import { connectionLimits } from "@khui/backends/connection-limits";
import { makeSecrets, ownAddresses, type Secrets } from "@khui/backends/secrets";
import { openPostgres } from "@khui/database/postgres";
import t, { test } from "tap";
import { schemas } from "../../docker/test/environments.js";
import { tableUnder } from "../../security/test/page.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../roles.sql", import.meta.url));
const services = [...schemas.keys()];

const secrets = makeSecrets();
const backends = await startBackends(["postgres"], { environment: {}, secrets });
t.teardown(() => backends.stop());
const superuser = backends.postgresUrl ?? "";
const roleUrl = (service: string, by: Secrets = secrets): string =>
  ownAddresses(service, { postgres: superuser }, by).POSTGRES_URL;
const sql = async (url: string, query: string): Promise<string> =>
  (await run("psql", [url, "-wXAtqc", query])).stdout.trim();
const runScript = (url: string, by: Secrets) => run("psql", [url, "-wXqf", script], { env: { ...process.env, ...by } });

test("a role can use its own schema and cannot see the others", async (t) => {
  for (const service of services) {
    await sql(
      roleUrl(service),
      `create table ${schemas.get(service)}.own (n int); insert into ${schemas.get(service)}.own values (1)`,
    );
  }
  for (const service of services) {
    const url = roleUrl(service);
    t.equal(await sql(url, `select n from ${schemas.get(service)}.own`), "1");
    for (const other of services.filter((name) => name !== service)) {
      await t.rejects(
        sql(url, `select n from ${schemas.get(other)}.own`),
        /permission denied/,
        `${service}, ${schemas.get(other)}`,
      );
      await t.rejects(sql(url, `create table ${schemas.get(other)}.mine (n int)`), /permission denied/);
      await t.rejects(sql(url, `set role ${other.replace("-", "_")}`), /permission denied/);
    }
  }
});

test("a role can create nothing elsewhere, and has no special privileges", async (t) => {
  const url = roleUrl("sticker-service");
  await t.rejects(sql(url, "create table public.x (n int)"), /permission denied/);
  await t.rejects(sql(url, "create schema x"), /permission denied/);
  await t.rejects(sql(url, "create temporary table x (n int)"), /permission denied/);
  await t.rejects(sql(url, "create role x"), /permission denied/);
  await t.rejects(sql(url, "select pg_read_file('/etc/passwd')"), /permission denied/);
  await t.rejects(sql(roleUrl("sticker-service", { ...secrets, POSTGRES_STICKER_SERVICE_PASSWORD: "x" }), "select 1"));
});

test("a role that uses all its connections leaves the others theirs", async (t) => {
  const limits = { ...secrets, POSTGRES_STICKER_SERVICE_CONNECTIONS: "5" };
  await runScript(superuser, limits);
  t.teardown(() => runScript(superuser, secrets));
  const greedy = openPostgres({ url: roleUrl("sticker-service"), poolSize: 8, connectTimeoutMs: 60_000 });
  t.teardown(() => greedy.close());
  const held: Array<() => void> = [];
  const faults: string[] = [];
  let settled = (): void => {};
  const all = new Promise<void>((resolve) => {
    settled = () => held.length + faults.length === 8 && resolve();
  });
  const hold = () =>
    new Promise<void>((release) => {
      held.push(release);
      settled();
    });
  const attempts = Array.from({ length: 8 }, () =>
    greedy
      .kysely()
      .connection()
      .execute(hold)
      .catch((error: unknown) => {
        faults.push(String(error));
        settled();
      }),
  );
  await all;
  t.equal(held.length, 5);
  t.match(faults[0], /too many connections for role "sticker_service"/);
  t.equal(await sql(roleUrl("rooms-api"), "select 1"), "1");
  for (const release of held) release();
  await Promise.all(attempts);
});

test("the table of docs/security.md matches the roles", async (t) => {
  const roles = await sql(
    superuser,
    `select rolname, nspname, rolconnlimit from pg_roles join pg_namespace on nspowner = pg_roles.oid
     where rolname like '%\\_api' or rolname like '%\\_service'`,
  );
  const listed = tableUnder("Postgres: schemas and connections");
  t.same(roles.split("\n").sort(), listed.map(({ name, cells }) => [name, ...cells].join("|")).sort());
  const limits = listed.map(({ name, cells }) => [name.replace("_", "-"), Number(cells[1]?.[0])]);
  t.same(limits, Object.entries(connectionLimits()));
});

test("running the script again changes passwords and keeps data", async (t) => {
  const next = makeSecrets();
  await runScript(superuser, next);
  t.equal(await sql(roleUrl("rooms-api", next), "select n from rooms.own"), "1");
  await t.rejects(sql(roleUrl("rooms-api"), "select 1"), /password authentication failed/);
  await runScript(superuser, secrets);
});

test("a missing password stops the script", async (t) => {
  const { POSTGRES_MEDIA_SERVICE_PASSWORD: _left, ...others } = secrets;
  await t.rejects(runScript(superuser, others as Secrets), /syntax error/);
});

test("an administrator without superuser rights, as on a managed server, can run it in their own database", async (t) => {
  await sql(superuser, "create role boss login createrole password 'boss'");
  for (const service of services) {
    const role = service.replace("-", "_");
    await sql(superuser, `drop schema ${schemas.get(service)} cascade; drop owned by ${role}; drop role ${role}`);
  }
  await sql(superuser, "create database managed owner boss");
  const asBoss = Object.assign(new URL(superuser), { username: "boss", password: "boss", pathname: "/managed" });
  await runScript(asBoss.href, secrets);
  const own = (service: string) => roleUrl(service).replace(/\/postgres$/, "/managed");
  await sql(own("rooms-api"), "create table rooms.own (n int)");
  await t.rejects(sql(own("media-service"), "select n from rooms.own"), /permission denied/);
});
