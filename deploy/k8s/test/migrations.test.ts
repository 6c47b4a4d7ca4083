// The migration entries on a real Postgres whose roles are those of the overlay `small`: once, again, at once, and before the service.
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t, { test } from "tap";
import { sql } from "../../../packages/database/src/index.js";
import { openPostgres } from "../../../packages/database/src/postgres.js";
import { startPostgres } from "../../../packages/database/test/postgres-server.js";
import { findSource, thisMachine } from "../../backends/source.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const roles = fileURLToPath(new URL("../overlays/small/parts/postgres-roles.sh", import.meta.url));
/** Each with its schema. */
const schemas = {
  "rooms-api": "rooms",
  "messages-api": "messages",
  "media-service": "media",
  "sticker-service": "stickers",
};
const services = Object.entries(schemas);
const roleOf = (service: string): string => service.replace("-", "_");

/** A server of our own: roles are a whole server's, so they would be in the way of others on a given one. */
const server = await startPostgres();
const admin = openPostgres({ url: server.url, poolSize: 1 });
t.teardown(async () => {
  await admin.close();
  await server.remove();
});

test("the roles are made by the overlay's script", async (t) => {
  const psql = await findSource({ binary: "psql", debianPackages: ["postgresql-client"] }, thisMachine(process.env));
  const { hostname, port, username } = new URL(server.url);
  const passwords = Object.keys(schemas).map((service) => [
    `POSTGRES_${roleOf(service).toUpperCase()}_PASSWORD`,
    `${service}'s password`,
  ]);
  await run("sh", [roles], {
    env: {
      PATH: `${psql.kind === "binary" ? dirname(psql.path) : ""}:${process.env.PATH}`,
      PGHOST: hostname,
      PGPORT: port,
      POSTGRES_USER: username,
      POSTGRES_DB: "postgres",
      ...Object.fromEntries(passwords),
    },
  });
  const { rows } = await sql<{ name: string; owner: string }>`select nspname as name, nspowner::regrole::text as owner
    from pg_namespace where nspname = any(${Object.values(schemas)}) order by 1`.execute(admin.kysely());
  t.same(
    rows.map(({ name, owner }) => `${name} ${owner}`),
    services.map(([service, schema]) => `${schema} ${roleOf(service)}`).sort(),
  );
});

test("every service's entry migrates its schema, by several at once and again, each file once", async (t) => {
  for (const [service, schema] of services) {
    const atOnce = await Promise.all([migrate(service), migrate(service)]);
    const applied = atOnce.flatMap((outcome) => outcome.applied);
    t.same(applied.toSorted(), await recorded(schema), `${service}: each file by one of them`);
    t.ok(applied.length > 0, service);
    t.same((await migrate(service)).applied, [], `${service}: nothing is left to do`);
  }
});

test("one service's role cannot read another's tables", async (t) => {
  const database = openPostgres({ url: urlOf("rooms_api"), poolSize: 1 });
  t.teardown(() => database.close());
  await t.rejects(sql`select 1 from messages.migrations`.execute(database.kysely()), /permission denied for schema/);
});

test("on a schema that is up to date, a role that may not change it can start a service", async (t) => {
  await sql`create role teller login`.execute(admin.kysely());
  await sql`grant usage on schema rooms to teller`.execute(admin.kysely());
  await sql`grant select on all tables in schema rooms to teller`.execute(admin.kysely());
  const database = openPostgres({ url: urlOf("teller"), poolSize: 1 });
  t.teardown(() => database.close());
  const migrations = join(root, "services/rooms-api/migrations");
  t.same(await database.migrate("rooms", migrations), { applied: [] });
  await t.rejects(sql`create table rooms.more ()`.execute(database.kysely()), /permission denied for schema/);
});

test("an entry that cannot migrate says why, and fails", async (t) => {
  await t.rejects(migrate("rooms-api", ""), { code: 1, stdout: /POSTGRES_URL is missing/ });
  await t.rejects(migrate("rooms-api", "nobody"), { code: 1, stdout: /role \\"nobody\\" does not exist/ });
});

function urlOf(role: string): string {
  return Object.assign(new URL(server.url), { username: role }).href;
}

/** Runs the entry as that role. Rejects when it fails, with its output. */
async function migrate(service: string, role = roleOf(service)): Promise<{ applied: string[] }> {
  const entry = join(root, "services", service, "dist/migrate.js");
  const environment = { PATH: process.env.PATH, ...(role === "" ? {} : { POSTGRES_URL: urlOf(role) }) };
  const { stdout } = await run(process.execPath, [entry], { env: environment });
  return JSON.parse(stdout.trim());
}

async function recorded(schema: string): Promise<string[]> {
  const records = sql.table(`${schema}.migrations`);
  const { rows } = await sql<{ name: string }>`select name from ${records} order by name`.execute(admin.kysely());
  return rows.map(({ name }) => name);
}
