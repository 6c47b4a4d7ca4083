// How failures appear to callers and in the log.
import { BlobMissing, BlobsUnavailable } from "@khui/blobs";
import { createLocalBus } from "@khui/bus/local";
import { call } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import { sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { PresenceUnavailable } from "@khui/presence";
import { createRpcServer, toChatError } from "@khui/service";
import { createApp } from "@khui/service/http";
import { createLogger } from "@khui/service/process";
import { test } from "tap";

/** An address on which nothing listens. */
const nowhere = "postgres://nobody@127.0.0.1:1/nothing";

function recorded() {
  const lines: string[] = [];
  return {
    lines,
    log: createLogger({ name: "test", level: "warn", destination: { write: (l) => void lines.push(l) } }),
  };
}

test("an unreachable port is service_unavailable, with its error as the cause", async (t) => {
  const database = openPostgres({ url: nowhere });
  t.teardown(() => database.close());
  const error = await sql`SELECT 1`.execute(database.kysely()).catch((error: unknown) => error);
  for (const cause of [error, new BlobsUnavailable("away"), new PresenceUnavailable("away")]) {
    const failure = toChatError(cause);
    t.match(failure, { code: "service_unavailable", status: 503, details: { retryAfter: 1 } });
    t.equal(failure.cause, cause);
  }
});

test("a missing blob is file_not_found, and an unforeseen error internal_error", async (t) => {
  t.equal(toChatError(new BlobMissing("gone")).code, "file_not_found");
  t.match(toChatError(new TypeError("a bug")), { code: "internal_error", details: undefined });
  t.equal(toChatError(undefined).code, "internal_error");
  const refused = new ChatError("forbidden");
  t.equal(toChatError(refused), refused);
});

test("the log line of a 503 has the database's error, over HTTP and over the bus", async (t) => {
  const database = openPostgres({ url: nowhere });
  t.teardown(() => database.close());
  const { lines, log } = recorded();
  const ask = () => sql`SELECT 1`.execute(database.kysely());

  const app = await createApp({ log });
  t.teardown(() => app.close());
  app.get("/broken", ask);
  const answer = await app.inject("/broken");
  t.equal(answer.statusCode, 503);
  t.notMatch(answer.body, /Postgres/, "callers are not shown it");

  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const rpc = createRpcServer(bus, "messages-api", log);
  rpc.serve(messagesRpc.heads, async () => {
    await ask();
    return { ahead: [] };
  });
  await t.rejects(call(bus, messagesRpc.heads, { rooms: [] }), { code: "service_unavailable" });

  t.equal(lines.length, 2);
  for (const line of lines) t.match(line, /no connection to Postgres/);
});

test("a handler that refuses because it is overloaded is not logged, one that a failure made unavailable is", async (t) => {
  const { lines, log } = recorded();
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const rpc = createRpcServer(bus, "messages-api", log);
  let thrown = new ChatError("service_unavailable", { retryAfter: 1 });
  rpc.serve(messagesRpc.heads, async () => {
    throw thrown;
  });
  const request = () => t.rejects(call(bus, messagesRpc.heads, { rooms: [] }), { code: "service_unavailable" });
  await request();
  t.same(lines, []);
  thrown = new ChatError("service_unavailable", undefined, { cause: new Error("nobody answered") });
  await request();
  t.match(lines, [/nobody answered/]);
});
