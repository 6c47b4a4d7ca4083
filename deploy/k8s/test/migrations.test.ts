// The migration commands on a real Postgres with the roles of the overlay `small`: once, repeated, concurrent, and before the service.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findSource, thisMachine } from "@khui/backends/source";
import { sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { mortalPostgres } from "@khui/test-kit/servers/postgres";
import t, { test } from "tap";
import { schemas } from "../../docker/test/environments.js";
import { variablesOf } from "./environment.js";
import { render } from "./rendered.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const roles = fileURLToPath(new URL("../../postgres/roles.sql", import.meta.url));
const services = [...schemas];
const roleOf = (service: string): string => service.replace("-", "_");

/** A private server: roles belong to a whole server and would disturb others on a shared one. */
const server = await mortalPostgres();
const admin = openPostgres({ url: server.url, poolSize: 1 });
t.teardown(async () => {
  await admin.close();
  await server.stop();
});

test("the script that the overlay mounts creates the roles", async (t) => {
  const psql = await findSource({ binary: "psql", debianPackages: ["postgresql-client"] }, thisMachine(process.env));
  const passwords = [...schemas.keys()].map((service) => [
    `POSTGRES_${roleOf(service).toUpperCase()}_PASSWORD`,
    `${service}'s password`,
  ]);
  const program = psql.kind === "binary" ? psql.path : "psql";
  await run(program, [server.url, "-wXqf", roles], { env: { ...process.env, ...Object.fromEntries(passwords) } });
  const { rows } = await sql<{ name: string; owner: string }>`select nspname as name, nspowner::regrole::text as owner
    from pg_namespace where nspname = any(${[...schemas.values()]}) order by 1`.execute(admin.kysely());
  t.same(
    rows.map(({ name, owner }) => `${name} ${owner}`),
    services.map(([service, schema]) => `${schema} ${roleOf(service)}`).sort(),
  );
});

test("the script is that of deploy/postgres, and its roles leave Postgres some connections", async (t) => {
  const rendered = await render("small");
  t.same(rendered.one("ConfigMap", "postgres-roles").data, { "roles.sql": readFileSync(roles, "utf8") });
  const [postgres] = rendered.one("StatefulSet", "postgres").spec?.template.spec?.containers ?? [];
  const most = Number(/max_connections=(\d+)/.exec(String(postgres?.args))?.[1]);
  const variables = variablesOf(rendered, postgres!);
  let sum = 0;
  for (const service of [...schemas.keys()]) {
    const limit = Number(variables[`POSTGRES_${roleOf(service).toUpperCase()}_CONNECTIONS`]);
    const [container] = rendered.one("Deployment", service).spec?.template.spec?.containers ?? [];
    const pool = Number(variablesOf(rendered, container!).POSTGRES_POOL);
    t.ok(limit > 2 * pool, `${service}: one replica, another that takes its place, and the migrations`);
    sum += limit;
  }
  t.ok(sum <= most - 10, `${sum} of ${most}`);
});

test("every service migrates its schema, also concurrently and repeatedly, and applies each file once", async (t) => {
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

test("a role that may not change the schema can start a service once the schema is up to date", async (t) => {
  await sql`create role teller login`.execute(admin.kysely());
  await sql`grant connect on database postgres to teller`.execute(admin.kysely());
  await sql`grant usage on schema rooms to teller`.execute(admin.kysely());
  await sql`grant select on all tables in schema rooms to teller`.execute(admin.kysely());
  const database = openPostgres({ url: urlOf("teller"), poolSize: 1 });
  t.teardown(() => database.close());
  const migrations = join(root, "services/rooms-api/migrations");
  t.same(await database.migrate("rooms", migrations), { applied: [] });
  await t.rejects(sql`create table rooms.more ()`.execute(database.kysely()), /permission denied for schema/);
});

test("a migration that cannot run says why, and fails", async (t) => {
  await t.rejects(migrate("rooms-api", ""), { code: 1, stdout: /POSTGRES_URL is missing/ });
  await t.rejects(migrate("rooms-api", "nobody"), { code: 1, stdout: /role \\"nobody\\" does not exist/ });
});

function urlOf(role: string): string {
  return Object.assign(new URL(server.url), { username: role }).href;
}

/** Runs the command as that role. Rejects with its output if it fails. */
async function migrate(service: string, role = roleOf(service)): Promise<{ applied: string[] }> {
  const entry = join(root, "services", service, "dist/main.js");
  const environment = { PATH: process.env.PATH, ...(role === "" ? {} : { POSTGRES_URL: urlOf(role) }) };
  const { stdout } = await run(process.execPath, [entry, "migrate"], { env: environment });
  return JSON.parse(stdout.trim());
}

async function recorded(schema: string): Promise<string[]> {
  const records = sql.table(`${schema}.migrations`);
  const { rows } = await sql<{ name: string }>`select name from ${records} order by name`.execute(admin.kysely());
  return rows.map(({ name }) => name);
}
