// A PGlite folder: kept, held by one process, and whole again after that process was killed.
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cache } from "@khui/test-kit/servers/template";
import t, { test } from "tap";
import { sql } from "../src/index.js";
import { openPglite } from "../src/pglite.js";

const scratch = await mkdtemp(join(tmpdir(), "pglite-folder-"));
t.teardown(() => rm(scratch, { recursive: true, force: true }));

const writer = fileURLToPath(new URL("writer.ts", import.meta.url));

/** Runs the writer until it has written `count` rows, then kills it. @returns the last row it told of */
async function writeAndDie(folder: string, count: number): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, writer, folder, cache], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  let last = 0;
  let told = 0;
  for await (const line of createInterface(child.stdout)) {
    if (line === "open") continue;
    last = Number(line);
    told += 1;
    if (told === count) child.kill("SIGKILL");
  }
  await gone;
  return last;
}

test("what was closed is there again", async (t) => {
  const folder = join(scratch, "kept");
  const first = await openPglite({ folder, cache });
  await sql`create table public.kept as select 7 as seven`.execute(first.kysely());
  await first.close();
  const again = await openPglite({ folder });
  t.teardown(() => again.close());
  t.same((await sql`select * from public.kept`.execute(again.kysely())).rows, [{ seven: 7 }]);
});

test("every committed row survives kill -9 in the middle of writing, again and again", async (t) => {
  const folder = join(scratch, "killed");
  for (const count of [50, 300, 20]) {
    const acknowledged = await writeAndDie(folder, count);
    t.ok(acknowledged >= count, `${acknowledged} rows acknowledged`);
    const database = await openPglite({ folder, cache });
    const { rows } = await sql<{ count: number; last: number; whole: boolean }>`
      select count(*) as count, max(id) as last, bool_and(length(body) = 2000) as whole from public.rows
    `.execute(database.kysely());
    await database.close();
    const found = rows[0] ?? { count: 0, last: 0, whole: false };
    t.ok(found.last >= acknowledged, `${found.last} found`);
    t.equal(found.count, found.last, "no row between is missing");
    t.ok(found.whole);
  }
});

test("a folder in use is refused, here and to another process, until it is closed", async (t) => {
  const folder = join(scratch, "in-use");
  const holder = await openPglite({ folder, cache });
  await t.rejects(openPglite({ folder, cache }), new RegExp(`in use by process ${process.pid}`));
  const other = spawnSync(process.execPath, [...process.execArgv, writer, folder, cache], { encoding: "utf8" });
  t.match(other, { status: 1, stdout: "", stderr: new RegExp(`in use by process ${process.pid}`) });
  await holder.close();
  const next = await openPglite({ folder, cache });
  await next.close();
});

test("a folder that was still being made when its process died is made anew", async (t) => {
  const folder = join(scratch, "half-made");
  const first = await openPglite({ folder, cache });
  await first.close();
  await rm(join(folder, "data", "global"), { recursive: true });
  await writeFile(join(folder, "making"), "");
  const again = await openPglite({ folder, cache });
  await again.ping();
  await again.close();
  t.notOk((await readdir(folder)).includes("making"));
});
