// A server of one's own keeps the port's promises, and its data; it has one owner, and no rights that it does not need.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { databaseConformance } from "@khui/conformance/database";
import { sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import t, { test } from "tap";
import { packagedProgram } from "../src/program.js";
import { freshFolder, started } from "./started.js";

const isRoot = process.getuid?.() === 0;
const { database } = await started(t);

databaseConformance({
  test: (name, run) => {
    test(name, async (t) => {
      await run();
      t.pass("held");
    });
  },
  database: async () => database,
});

test("letters of all languages are letters, and trigrams are there", async (t) => {
  const db = database.kysely();
  await sql`create extension pg_trgm`.execute(db);
  const { rows } = await sql`select lower('É') as lower, show_trgm('คุย') <> '{}' as trigrams`.execute(db);
  t.same(rows, [{ lower: "é", trigrams: true }]);
});

test("what was stored is there again, under the same password, and a temporary server leaves nothing", async (t) => {
  const folder = freshFolder(t);
  const first = await started(t, { folder });
  await sql`create table public.kept as select 7 as seven`.execute(first.db);
  await first.database.close();
  await first.server.stop();
  const again = await started(t, { folder });
  t.same((await sql`select * from public.kept`.execute(again.db)).rows, [{ seven: 7 }]);
  t.equal(new URL(again.server.url).password, new URL(first.server.url).password);

  const temporary = await started(t);
  const scratch = new URL(temporary.server.url).searchParams.get("host") ?? "";
  t.ok(existsSync(scratch));
  await temporary.database.close();
  await temporary.server.stop();
  t.notOk(existsSync(scratch));
});

test("commits wait for the disk where data is kept", async (t) => {
  const { db } = await started(t, { folder: freshFolder(t) });
  const { rows } = await sql`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
    current_setting('full_page_writes') as pages`.execute(db);
  t.same(rows, [{ fsync: "on", commit: "on", pages: "on" }]);
});

test("nobody else gets in: no port, a closed folder, a password that is on no command line", async (t) => {
  const { server, db } = await started(t, { folder: freshFolder(t) });
  const { searchParams, password } = new URL(server.url);
  const { rows } = await sql`select current_setting('listen_addresses') as listens`.execute(db);
  t.same(rows, [{ listens: "" }]);
  t.equal(statSync(searchParams.get("host") ?? "").mode & 0o777, 0o700);
  if (existsSync("/proc/self")) {
    for (const file of ["cmdline", "environ"])
      t.notMatch(readFileSync(`/proc/${server.pid}/${file}`, "utf8"), password);
  }
  const stranger = openPostgres({ url: Object.assign(new URL(server.url), { password: "another" }).href });
  t.teardown(() => stranger.close());
  await t.rejects(stranger.ping(), /password authentication failed/);
});

test("started by root, it runs as another user, also where that user may not go", { skip: !isRoot }, async (t) => {
  const folder = freshFolder(t);
  chmodSync(dirname(folder), 0o700);
  const program = join(dirname(folder), "program");
  cpSync(packagedProgram(), program, { recursive: true, verbatimSymlinks: true });
  const { server, db } = await started(t, { folder, program });
  const { uid } = statSync(join(folder, "data"));
  t.not(uid, 0);
  if (existsSync("/proc/self")) t.equal(statSync(`/proc/${server.pid}`).uid, uid);
  await sql`create extension pg_trgm`.execute(db);
});

test("a folder in use is refused, here and to another process, until it is given up", async (t) => {
  const folder = freshFolder(t);
  const holder = await started(t, { folder });
  const refusal = new RegExp(`${folder} is in use by process ${process.pid}`);
  await t.rejects(started(t, { folder }), refusal);
  const writer = fileURLToPath(new URL("writer.ts", import.meta.url));
  const other = spawnSync(process.execPath, [...process.execArgv, writer, folder], { encoding: "utf8" });
  t.match(other, { status: 1, stdout: "", stderr: refusal });
  await holder.database.close();
  await holder.server.stop();
  await (await started(t, { folder })).database.ping();
});

test("what was left of a folder that was being made is replaced", async (t) => {
  const folder = freshFolder(t);
  mkdirSync(join(folder, "making", "data", "base"), { recursive: true });
  writeFileSync(join(folder, "password"), "another");
  const { database: made } = await started(t, { folder });
  await made.ping();
  t.notOk(readdirSync(folder).includes("making"));
});

test("data of an earlier version is left alone, and named", async (t) => {
  const folder = freshFolder(t);
  mkdirSync(join(folder, "data"), { recursive: true });
  writeFileSync(join(folder, "data", "PG_VERSION"), "17\n");
  await t.rejects(
    started(t, { folder }),
    new RegExp(`${folder} holds a database of an earlier Khui.*Move that folder`),
  );
  t.equal(readFileSync(join(folder, "data", "PG_VERSION"), "utf8"), "17\n");
});

test("where there is no PostgreSQL for the machine, or it does not run there, the way out is named", async (t) => {
  t.throws(() => packagedProgram("freebsd", "x64"), /freebsd-x64.*set POSTGRES_URL/);
  const program = freshFolder(t);
  mkdirSync(join(program, "bin"), { recursive: true });
  writeFileSync(join(program, "pg-symlinks.json"), "[]");
  for (const name of ["initdb", "postgres"]) {
    // As on a machine with another C library: the interpreter is not there.
    writeFileSync(join(program, "bin", name), "#!/lib/ld-of-another-libc.so\n", { mode: 0o755 });
  }
  await t.rejects(started(t, { program }), /does not run on this machine.*set POSTGRES_URL/);
});
