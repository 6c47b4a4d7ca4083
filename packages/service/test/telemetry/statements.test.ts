// Statements are timed and counted, and told at debug level with the requests they were run for, never with what was put in.
import { sql } from "@khui/database";
import { recordedTelemetry } from "@khui/test-kit/recorded-telemetry";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import t, { test } from "tap";
import { instrumentDatabase, observeStatements } from "../../src/telemetry/index.js";

const telemetry = recordedTelemetry();
const database = await openOwnDatabase(t, { onStatement: observeStatements(telemetry) });
instrumentDatabase(telemetry, database);
const db = database.kysely();

test("a statement's line has the request's id and the beginning of its text, and its span the request's for a parent", async (t) => {
  const scope = { requestIds: ["mine"], parents: ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"] };
  await telemetry.scopes.run(scope, () =>
    sql`SELECT   ${"a secret text"}::text
    AS given, ${"x".repeat(300)}::text AS long`.execute(db),
  );
  const line = telemetry.lines().find(({ msg }) => msg === "statement");
  t.match(line, { requestId: "mine", sql: "SELECT $1::text AS given, $2::text AS long", ms: Number });
  t.notMatch(JSON.stringify(telemetry.lines()), /a secret text/);
  t.match(telemetry.spans.at(-1), { name: "SELECT", kind: "client", parents: scope.parents, ended: true });
});

test("a statement of the service's own is told, and no trace", async (t) => {
  const [lines, spans] = [telemetry.lines().length, telemetry.spans.length];
  await sql`SELECT 1`.execute(db);
  t.match(telemetry.lines().slice(lines), [{ msg: "statement", sql: "SELECT 1" }]);
  t.equal(telemetry.spans.length, spans);
});

test("a failure is counted by its kind, and told without what the database quotes", async (t) => {
  await sql`CREATE TABLE public.notes (id text PRIMARY KEY, content text)`.execute(db);
  const add = () => sql`INSERT INTO public.notes VALUES (${"a secret text"}, NULL)`.execute(db);
  await add();
  const failure = await add().then(
    () => undefined,
    (error: unknown) => error,
  );
  t.match(failure, { detail: /a secret text/ }, "the error itself quotes it");
  telemetry.log.error({ err: failure }, "request failed");
  t.match(telemetry.lines().at(-1), { msg: "request failed", err: { code: "23505" } });
  t.match(
    telemetry.lines().findLast(({ msg }) => msg === "statement"),
    { failure: "unique_violation" },
  );
  t.notMatch(JSON.stringify(telemetry.lines()), /a secret text/);
  const text = await telemetry.metrics.text();
  t.match(text, 'khui_database_failures_total{kind="unique_violation",service="test"} 1');
  t.match(text, /khui_database_statement_duration_seconds_count\{service="test"\} [1-9]/);
  t.match(text, 'khui_database_connections{state="idle",service="test"} 1');
});
