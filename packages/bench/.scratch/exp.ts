import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import pg from "pg";
import { makePeople } from "../src/people.js";
import { fillRooms, planRooms } from "../src/rooms.js";
import { benchSchema, captureSend, pgbenchScript, placesStatement } from "../src/statement.js";
import { startSystem } from "../src/system.js";

const system = await startSystem();
try {
  const db = new pg.Client({ connectionString: system.postgresUrl });
  await db.connect();
  const everyone = makePeople(system.secret, 100, "bench");
  const rooms = planRooms(1000, 5, 100);
  await fillRooms(db, rooms, everyone.ids);
  const st = await captureSend(system.postgresUrl, "one0-0 the quick brown fox jumps over the lazy dog");
  await db.query(benchSchema);
  const pl = placesStatement(
    st,
    rooms.map((r) => ({ roomId: r.id, senderId: everyone.ids[r.members[1]!]! })),
  );
  await db.query(pl.sql, [...pl.parameters]);
  await db.query("ANALYZE");
  const bench = (mode: string, clients: number, batch: number, env = "") => {
    writeFileSync("/tmp/exp.sql", pgbenchScript(st, 1000, batch));
    const out = execFileSync(
      "pgbench",
      ["-n", "-M", mode, "-c", String(clients), "-j", "1", "-T", "3", "-f", "/tmp/exp.sql", system.postgresUrl],
      { encoding: "utf8", env: { ...process.env, PGOPTIONS: env } },
    );
    return Math.round(Number(/tps = ([\d.]+)/.exec(out)![1]) * batch);
  };
  for (let i = 0; i < 3; i++) {
    console.log(
      "31x1 prepared",
      bench("prepared", 1, 31),
      "extended",
      bench("extended", 1, 31),
      "prepared async",
      bench("prepared", 1, 31, "-c synchronous_commit=off"),
      "extended async",
      bench("extended", 1, 31, "-c synchronous_commit=off"),
      "prep async jit off",
      bench("prepared", 1, 31, "-c synchronous_commit=off -c jit=off"),
      "ext async jit off",
      bench("extended", 1, 31, "-c synchronous_commit=off -c jit=off"),
      "| 1x1 prep async",
      bench("prepared", 1, 1, "-c synchronous_commit=off"),
      "ext",
      bench("extended", 1, 1, "-c synchronous_commit=off"),
      "64x1 prep",
      bench("prepared", 64, 1),
    );
  }
  const { rows } = await db.query(
    "EXPLAIN (ANALYZE, BUFFERS, COSTS) " +
      pgbenchScript(st, 1000, 31).replace(/^.*\n/, "").replaceAll(":start", "100").replace(/;\s*$/, ""),
  );
  console.log(rows.map((r: Record<string, string>) => r["QUERY PLAN"]).join("\n"));
  await db.end();
} finally {
  await system.stop();
}
