// The database port on a Postgres server, over a pool of connections.
import { Kysely } from "kysely";
import pg from "pg";
import type { Database } from "./database.js";
import { DatabaseUnavailable, failureKind, isStalePlan } from "./failures.js";
import { migrate } from "./migrations.js";
import { observed, type StatementObserver } from "./observed.js";
import { type Answer, type Session, sessionDialect } from "./session.js";
import { valueParsers } from "./value-types.js";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  url: string;
  /** Connections at most. */
  poolSize?: number;
  /** The server ends a statement that runs longer. */
  statementTimeoutMs?: number;
  /** The server ends a transaction that does nothing for longer: a process that was frozen in it would hold its locks. */
  idleInTransactionMs?: number;
  /** How long to wait for the server to accept a connection, and for one of the pool to become free. */
  connectTimeoutMs?: number;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
  /** Called with the error of each connection that broke; those are replaced, and this is for the log only. */
  onError?: (error: Error) => void;
  /** Called with what the server reports beside its answers: warnings, and plans where it explains statements by itself. */
  onNotice?: (message: string) => void;
  onStatement?: StatementObserver;
}

/**
 * Statements are prepared once and run often, on few rows each. Planning them again for their parameters, or compiling them
 * (which Postgres does for whatever looks expensive to its estimates), takes longer than running them: with both, the
 * 99th percentile of a send at 500/s was 28 ms, without 17 ms.
 */
const sessionSettings = "-c plan_cache_mode=force_generic_plan -c jit=off";

/** How much longer than the server's own limit to wait for an answer, before the connection is considered dead. */
const answerGraceMs = 2_000;

/**
 * Opens a pool. No connection is made before the first query, so a server that is down is no error here; `ping` shows it.
 * Connections that break are replaced by themselves.
 */
export function openPostgres(options: PostgresOptions): Database {
  const { url, poolSize = 10, connectTimeoutMs = 3_000, onError, onNotice } = options;
  const { statementTimeoutMs = 10_000, idleInTransactionMs = 5_000 } = options;
  const broken = new WeakSet<pg.PoolClient>();
  const nameOf = statementNames();
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    options: sessionSettings,
    ...(options.applicationName === undefined ? {} : { application_name: options.applicationName }),
    types: { getTypeParser: typeParser },
  });
  // Without a listener, the error event of a dropped connection would end the process: the pool listens for idle
  // connections only, the client's own listener covers those in use.
  pool.on("error", (error) => onError?.(error));
  pool.on("connect", (client) => {
    client.on("error", (error) => {
      if (!broken.has(client)) onError?.(error);
      broken.add(client);
    });
    if (onNotice) client.on("notice", ({ message }) => onNotice(message ?? ""));
  });

  async function connection(): Promise<Session> {
    try {
      return new PooledSession(await pool.connect(), broken, nameOf, statementTimeoutMs + answerGraceMs);
    } catch (cause) {
      throw new DatabaseUnavailable(`no connection to Postgres: ${reason(cause)}`, { cause });
    }
  }

  const acquire = observed(connection, options.onStatement);
  let closed: Promise<void> | undefined;
  return {
    kysely: <Tables>() => new Kysely<Tables>({ dialect: sessionDialect(acquire) }),
    migrate: (schema, folder, own) => migrate(acquire, schema, folder, own),
    async ping() {
      const session = await acquire();
      try {
        await session.query("select 1", []);
      } finally {
        await session.release();
      }
    },
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close() {
      closed ??= pool.end();
      return closed;
    },
  };
}

/** A connection on loan from the pool. */
class PooledSession implements Session {
  readonly #client: pg.PoolClient;
  readonly #broken: WeakSet<pg.PoolClient>;
  readonly #nameOf: NameOf;
  readonly #answerTimeoutMs: number;

  constructor(client: pg.PoolClient, broken: WeakSet<pg.PoolClient>, nameOf: NameOf, answerTimeoutMs: number) {
    this.#client = client;
    this.#broken = broken;
    this.#nameOf = nameOf;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  async query(text: string, parameters: readonly unknown[]): Promise<Answer> {
    const timer = setTimeout(() => this.#abandon(), this.#answerTimeoutMs);
    try {
      const name = parameters.length > 0 ? this.#nameOf(text) : undefined;
      const { rows, command, rowCount } = await this.#client.query<Record<string, unknown>>({
        text,
        values: [...parameters],
        ...(name === undefined ? {} : { name }),
      });
      return { rows, command, rowCount: rowCount ?? 0 };
    } catch (error) {
      throw this.#explained(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async script(text: string): Promise<void> {
    try {
      await this.#client.query(text);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async release(): Promise<void> {
    const reusable = !this.#broken.has(this.#client) && this.#client.getTransactionStatus() === "I";
    this.#client.release(!reusable);
  }

  /** The server's timeout has passed without an answer: packets are being lost. Closes the connection. */
  #abandon(): void {
    this.#broken.add(this.#client);
    void this.#client.end();
  }

  #explained(error: unknown): unknown {
    if (this.#broken.has(this.#client)) {
      return new DatabaseUnavailable(`the connection to Postgres was lost: ${reason(error)}`, { cause: error });
    }
    // Its prepared statements are from before a migration; a new connection makes new ones.
    if (isStalePlan(error)) this.#broken.add(this.#client);
    // A server that shuts down closes the connection a moment later; it must not be reused in between. The connection to
    // one that has become a standby is closed, so that the next may find the new primary.
    if (failureKind(error) === "unavailable") this.#broken.add(this.#client);
    return error;
  }
}

type NameOf = (text: string) => string | undefined;

/** Statements prepared on each connection at most: far more than the services have. */
const maxPrepared = 500;

/**
 * Names for statements, so that each connection parses and plans them once: planning a large one costs more than
 * running it (the send statement: 1.3 to 6 ms). Texts beyond the limit are run unprepared.
 */
function statementNames(): NameOf {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= maxPrepared) return known;
    const name = `khui_${names.size}`;
    names.set(text, name);
    return name;
  };
}

function typeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  const own = format === "binary" ? undefined : valueParsers[oid];
  return own ?? pg.types.getTypeParser(oid, "text");
}

/** An error's own words; one of several attempts (IPv6, IPv4) has no message but a code. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || String(Reflect.get(error, "code") ?? error.name);
}
