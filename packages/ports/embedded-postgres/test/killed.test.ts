// Whatever is killed: what was acknowledged stays, nothing is left running, and service goes on.
import { spawn } from "node:child_process";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sql } from "@khui/database";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { freshFolder, runs, started } from "./started.js";

const writer = fileURLToPath(new URL("writer.ts", import.meta.url));

/** Runs the writer until it has told of `count` rows, then kills it. */
async function writeAndDie(folder: string, count: number): Promise<{ last: number; serverId: number }> {
  const child = spawn(process.execPath, [...process.execArgv, writer, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  let [last, told, serverId] = [0, 0, 0];
  for await (const line of createInterface(child.stdout)) {
    const id = /^server (\d+)$/.exec(line)?.[1];
    if (id !== undefined) {
      serverId = Number(id);
      continue;
    }
    last = Number(line);
    told += 1;
    if (told === count) child.kill("SIGKILL");
  }
  await gone;
  return { last, serverId };
}

test("kill -9 of the process ends its server and loses no acknowledged row, again and again", async (t) => {
  const folder = freshFolder(t);
  for (const [round, count] of [50, 300, 20].entries()) {
    const { last, serverId } = await writeAndDie(folder, count);
    t.ok(last >= count, `${last} rows acknowledged`);
    // In other rounds the next one starts at once, while the server may still be ending.
    if (round === 0) await until("the server is gone", () => !runs(serverId));
    const { server, database, db } = await started(t, { folder });
    t.notOk(runs(serverId));
    const { rows } = await sql<{ count: number; last: number; whole: boolean }>`
      select count(*) as count, max(id) as last, bool_and(length(body) = 2000) as whole from public.rows`.execute(db);
    await database.close();
    await server.stop();
    const found = rows[0] ?? { count: 0, last: 0, whole: false };
    t.ok(found.last >= last, `${found.last} found`);
    t.equal(found.count, found.last, "no row between is missing");
    t.ok(found.whole);
  }
});

test("kill -9 of the server is told, and the same pool goes on with the server that follows it", async (t) => {
  const { server, database, db, told } = await started(t, { folder: freshFolder(t) });
  await sql`create table public.kept as select 7 as seven`.execute(db);
  const first = server.pid;
  process.kill(first, "SIGKILL");
  await until("another server runs", () => server.pid !== first);
  await database.ping();
  t.same((await sql`select * from public.kept`.execute(db)).rows, [{ seven: 7 }]);
  t.match(
    told.filter((line) => line.startsWith("error")),
    [/PostgreSQL ended by SIGKILL; starting it again/],
  );
});

test("a server that cannot be started again is given up, and why is told", async (t) => {
  const folder = freshFolder(t);
  const lost = new Promise<Error>((resolve) => {
    started(t, { folder, onLost: resolve }).then(async ({ server }) => {
      await rename(join(folder, "data", "global"), join(folder, "global"));
      process.kill(server.pid, "SIGKILL");
    });
  });
  t.match((await lost).message, /global.*it was started again 5 times/s);
});

test("stopping while it is being started again ends it for good", async (t) => {
  const { server, told } = await started(t, { folder: freshFolder(t) });
  const first = server.pid;
  process.kill(first, "SIGKILL");
  await until("it is started again", () => told.some((line) => line.includes("starting it again")));
  await server.stop();
  t.notOk(runs(first));
  t.notOk(runs(server.pid));
});
