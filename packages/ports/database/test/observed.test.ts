// What the observer of statements is told when there is no connection to run one on.
import { freePort } from "@khui/backends/probes";
import { test } from "tap";
import { failureKind, sql } from "../src/index.js";
import { openPostgres } from "../src/postgres.js";

test("a statement that gets no connection is told as a failed connect", async (t) => {
  const told: string[] = [];
  const database = openPostgres({
    url: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
    onStatement: (text) => (failure) => told.push(`${text}: ${failureKind(failure)}`),
  });
  t.teardown(() => database.close());
  await t.rejects(sql`select 1`.execute(database.kysely()), { name: "DatabaseUnavailable" });
  await t.rejects(database.ping(), { name: "DatabaseUnavailable" });
  t.same(told, ["connect: unavailable", "connect: unavailable"]);
});
