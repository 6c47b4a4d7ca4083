// What each service's Postgres role may and may not do, asked of a server on which roles.sql was run.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t, { test } from "tap";
import { startBackends } from "../../backends/backends.js";
import { makeSecrets, ownAddresses, type Secrets } from "../../backends/secrets.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../roles.sql", import.meta.url));
const schemas = {
  "rooms-api": "rooms",
  "messages-api": "messages",
  "media-service": "media",
  "sticker-service": "stickers",
} as const;
const services = Object.keys(schemas) as Array<keyof typeof schemas>;

const secrets = makeSecrets();
const backends = await startBackends(["postgres"], { environment: {}, secrets });
t.teardown(() => backends.stop());
const superuser = backends.postgresUrl ?? "";
const roleUrl = (service: string, by: Secrets = secrets): string =>
  ownAddresses(service, { postgres: superuser }, by).POSTGRES_URL;
const sql = async (url: string, query: string): Promise<string> =>
  (await run("psql", [url, "-wXAtqc", query])).stdout.trim();
const runScript = (url: string, by: Secrets) => run("psql", [url, "-wXqf", script], { env: { ...process.env, ...by } });

test("a role works in its own schema and sees no other's", async (t) => {
  for (const service of services) {
    await sql(
      roleUrl(service),
      `create table ${schemas[service]}.own (n int); insert into ${schemas[service]}.own values (1)`,
    );
  }
  for (const service of services) {
    const url = roleUrl(service);
    t.equal(await sql(url, `select n from ${schemas[service]}.own`), "1");
    for (const other of services.filter((name) => name !== service)) {
      await t.rejects(
        sql(url, `select n from ${schemas[other]}.own`),
        /permission denied/,
        `${service}, ${schemas[other]}`,
      );
      await t.rejects(sql(url, `create table ${schemas[other]}.mine (n int)`), /permission denied/);
      await t.rejects(sql(url, `set role ${other.replace("-", "_")}`), /permission denied/);
    }
  }
});

test("a role makes nothing elsewhere, and is nobody special", async (t) => {
  const url = roleUrl("sticker-service");
  await t.rejects(sql(url, "create table public.x (n int)"), /permission denied/);
  await t.rejects(sql(url, "create schema x"), /permission denied/);
  await t.rejects(sql(url, "create temporary table x (n int)"), /permission denied/);
  await t.rejects(sql(url, "create role x"), /permission denied/);
  await t.rejects(sql(url, "select pg_read_file('/etc/passwd')"), /permission denied/);
  await t.rejects(sql(roleUrl("sticker-service", { ...secrets, POSTGRES_STICKER_SERVICE_PASSWORD: "x" }), "select 1"));
});

test("run again, the script changes passwords and leaves data", async (t) => {
  const next = makeSecrets();
  await runScript(superuser, next);
  t.equal(await sql(roleUrl("rooms-api", next), "select n from rooms.own"), "1");
  await t.rejects(sql(roleUrl("rooms-api"), "select 1"), /password authentication failed/);
  await runScript(superuser, secrets);
});

test("a missing password ends the script", async (t) => {
  const { POSTGRES_MEDIA_SERVICE_PASSWORD: _left, ...others } = secrets;
  await t.rejects(runScript(superuser, others as Secrets), /syntax error/);
});

test("an administrator who is no superuser, as on a managed server, can run it in a database of its own", async (t) => {
  await sql(superuser, "create role boss login createrole password 'boss'");
  for (const service of services) {
    const role = service.replace("-", "_");
    await sql(superuser, `drop schema ${schemas[service]} cascade; drop owned by ${role}; drop role ${role}`);
  }
  await sql(superuser, "create database managed owner boss");
  const asBoss = Object.assign(new URL(superuser), { username: "boss", password: "boss", pathname: "/managed" });
  await runScript(asBoss.href, secrets);
  const own = (service: string) => roleUrl(service).replace(/\/postgres$/, "/managed");
  await sql(own("rooms-api"), "create table rooms.own (n int)");
  await t.rejects(sql(own("media-service"), "select n from rooms.own"), /permission denied/);
});
