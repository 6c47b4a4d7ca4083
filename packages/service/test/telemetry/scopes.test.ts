// Log lines have the ids of their requests, across awaits and where several are served at once.
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger } from "@khui/service/process";
import { test } from "tap";
import { createScopes, joinScopes, logFields, type Scope } from "../../src/telemetry/index.js";

const scopeOf = (...requestIds: string[]): Scope => ({ requestIds, parents: [] });

test("a log line has the id of its request, and none outside of a request", async (t) => {
  const destination = new PassThrough();
  const scopes = createScopes(true);
  const log = createLogger({ name: "x", destination, context: () => logFields(scopes.current()) });
  await Promise.all(
    ["a", "b"].map((id) =>
      scopes.run(scopeOf(id), async () => {
        await sleep(1);
        log.info({ of: id }, "one");
      }),
    ),
  );
  log.info("nobody's");
  scopes.run(scopeOf("a", "b"), () => log.info("both"));
  scopes.run(scopeOf("c"), () => log.child({ requestId: "own" }).info("a logger that has its own"));
  const lines = String(destination.read()).trim().split("\n");
  const [first, second, none, both, own] = lines.map((line) => JSON.parse(line));
  for (const line of [first, second]) t.equal(line.requestId, line.of);
  t.notOk("requestId" in none);
  t.same(both.requestIds, ["a", "b"]);
  t.equal(own.requestId, "own");
  t.equal(lines[4]?.match(/requestId/g)?.length, 1, "once a line");
});

test("a joined scope has each request once", (t) => {
  const a: Scope = { requestIds: ["a"], parents: ["span-a"] };
  const b: Scope = { requestIds: ["b", "a"], parents: ["span-b"] };
  t.same(joinScopes([a, undefined, b, a]), { requestIds: ["a", "b"], parents: ["span-a", "span-b"] });
  t.equal(joinScopes([undefined, a, a]), a);
  t.equal(joinScopes([undefined]), undefined);
  t.end();
});

test("inactive scopes only run the work", (t) => {
  const scopes = createScopes(false);
  t.equal(
    scopes.run(scopeOf("a"), () => scopes.current()),
    undefined,
  );
  t.end();
});
