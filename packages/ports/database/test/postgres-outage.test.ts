// A Postgres that is away: told quickly, survived, and used again by itself once it is back.
import { createServer, type Socket } from "node:net";
import { freePort } from "@khui/backends/probes";
import { mortalPostgres } from "@khui/test-kit/servers/postgres";
import t, { test } from "tap";
import { failureKind, sql } from "../src/index.js";
import { openPostgres } from "../src/postgres.js";

const server = await mortalPostgres();
t.teardown(() => server.stop());

async function kindOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => "no failure",
    (error: unknown) => failureKind(error),
  );
}

test("a server that is killed fails its queries as unavailable, and works again once it is back", async (t) => {
  const told: Error[] = [];
  const database = openPostgres({ url: server.url, poolSize: 4, onError: (error) => told.push(error) });
  t.teardown(() => database.close());
  const db = database.kysely();
  await Promise.all([1, 2, 3, 4].map(() => database.ping()));

  const running = kindOf(sql`select pg_sleep(60)`.execute(db));
  const between = kindOf(
    db.transaction().execute(async (trx) => {
      await sql`select 1`.execute(trx);
      await server.kill();
      await running;
      await sql`select 1`.execute(trx);
    }),
  );
  t.equal(await running, "unavailable", "a running statement");
  t.equal(await between, "unavailable", "a transaction that was between two statements");

  const from = Date.now();
  t.same(await Promise.all([1, 2, 3].map(() => kindOf(database.ping()))), [
    "unavailable",
    "unavailable",
    "unavailable",
  ]);
  t.ok(Date.now() - from < 2_000, "a refused connection is told without waiting for a time-out");
  t.ok(told.length > 0, "the log hears of broken connections");

  await server.restart();
  await database.ping();
  t.same((await sql`select 1 as one`.execute(db)).rows, [{ one: 1 }]);
});

test("connections that the server ends are replaced", async (t) => {
  const database = openPostgres({ url: server.url, poolSize: 2, applicationName: "to be ended" });
  const other = openPostgres({ url: server.url, poolSize: 1 });
  t.teardown(() => Promise.all([database.close(), other.close()]));
  const end = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be ended'`.execute(
      other.kysely(),
    );
  const running = kindOf(sql`select pg_sleep(60)`.execute(database.kysely()));
  for (;;) {
    const { rows } = await sql`select 1 from pg_stat_activity where wait_event = 'PgSleep'`.execute(other.kysely());
    if (rows.length > 0) break;
  }
  await end();
  t.equal(await running, "unavailable");
  await database.ping();
});

test("a server that is not there is no error at opening, and unavailable at the first query", async (t) => {
  const database = openPostgres({ url: `postgres://nobody@127.0.0.1:${await freePort()}/none` });
  t.teardown(() => database.close());
  t.equal(await kindOf(database.ping()), "unavailable");
  t.equal(await kindOf(database.migrate("any", new URL(".", import.meta.url))), "unavailable");
});

/** Listens on a free port, and keeps what connects. */
async function listen(t: Tap, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  return typeof address === "object" && address ? address.port : 0;
}

type Tap = { teardown(close: () => unknown): void };

test("a server that accepts and never speaks is given up after the connect time-out", async (t) => {
  const port = await listen(t, () => undefined);
  const database = openPostgres({ url: `postgres://nobody@127.0.0.1:${port}/none`, connectTimeoutMs: 100 });
  t.teardown(() => database.close());
  t.equal(await kindOf(database.ping()), "unavailable");
});

test("a server that falls silent in a query is given up after its own limit has passed", async (t) => {
  // Speaks just enough of the protocol to be connected to: AuthenticationOk, ReadyForQuery.
  const hello = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
  const port = await listen(t, (socket) => socket.once("data", () => socket.write(hello)));
  const database = openPostgres({ url: `postgres://nobody@127.0.0.1:${port}/none`, statementTimeoutMs: 10 });
  t.teardown(() => database.close());
  t.equal(await kindOf(database.ping()), "unavailable");
  t.equal(database.stats().total, 0, "the silent connection is not kept");
});
