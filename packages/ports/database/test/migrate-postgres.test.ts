// Migrations that start before Postgres does, as they may on a cluster.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mortalPostgres } from "@khui/test-kit/servers/postgres";
import t, { test } from "tap";
import { failureKind } from "../src/index.js";
import { migratePostgres } from "../src/migrate-postgres.js";

const server = await mortalPostgres();
const folder = await mkdtemp(join(tmpdir(), "migrations-"));
t.teardown(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
await writeFile(join(folder, "0001-a.sql"), "create table late.a (id int)");
const options = { url: server.url, applicationName: "test", schema: "late", migrations: folder, pauseMs: 50 };

test("they wait for a server that is away, and run when it is there", async (t) => {
  await server.kill();
  const pauses: unknown[] = [];
  let waits: () => void;
  const waiting = new Promise<void>((resolve) => {
    waits = resolve;
  });
  const onPause = (error: unknown) => {
    pauses.push(failureKind(error));
    waits();
  };
  const migrated = migratePostgres({ ...options, onPause });
  await waiting;
  await server.restart();
  t.same(await migrated, { applied: ["0001-a.sql"] });
  t.same(new Set(pauses), new Set(["unavailable"]));
});

test("a server that stays away is given up", async (t) => {
  const { port } = new URL(server.url);
  const url = `postgres://postgres@127.0.0.2:${port}/postgres`;
  await t.rejects(migratePostgres({ ...options, url, timeoutMs: 100 }), { name: "DatabaseUnavailable" });
});

test("what waiting does not mend is told at once", async (t) => {
  const onPause = () => t.fail("it waits");
  const as = (user: string, database: string): string =>
    Object.assign(new URL(server.url), { username: user, pathname: database }).href;
  await t.rejects(migratePostgres({ ...options, url: as("nobody", "postgres"), onPause }), /"nobody" does not exist/);
  await t.rejects(migratePostgres({ ...options, url: as("postgres", "nothing"), onPause }), /"nothing" does not exist/);
  await writeFile(join(folder, "0002-b.sql"), "create table late.a (id int)");
  await t.rejects(migratePostgres({ ...options, onPause }), /0002-b\.sql.*already exists/);
});
