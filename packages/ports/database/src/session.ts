// A connection that one caller uses at a time, and the Kysely dialect on it.
import {
  type CompiledQuery,
  createQueryId,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  IdentifierNode,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  type QueryResult,
  RawNode,
  type TransactionSettings,
} from "kysely";
import { repeatWhenLost } from "./transaction.js";

export interface Answer {
  rows: unknown[];
  /** The first word of the command tag: `SELECT`, `INSERT`, `COMMIT`. */
  command: string;
  /** Rows returned or changed, where the command counts any. */
  rowCount: number;
}

/** A connection that nobody else uses until it is released. */
export interface Session {
  query(text: string, parameters: readonly unknown[]): Promise<Answer>;
  /** Runs one or more statements without parameters and without a timeout on this side. */
  script(text: string): Promise<void>;
  /** Gives the connection back. A connection that is unusable, or still inside a transaction, is not used again. */
  release(): Promise<void>;
}

/** Waits for a free connection. Rejects with `DatabaseUnavailable` when there is none in time. */
export type AcquireSession = () => Promise<Session>;

const changing = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

class SessionConnection implements DatabaseConnection {
  inTransaction = false;
  readonly #acquire: AcquireSession;
  /** Undefined once it was given back. */
  #session: Session | undefined;

  constructor(session: Session, acquire: AcquireSession) {
    this.#session = session;
    this.#acquire = acquire;
  }

  get session(): Session {
    if (!this.#session) throw new Error("the connection was given back");
    return this.#session;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, command, rowCount } = await this.#run(query);
    // The query builder's types vouch for the rows; nothing at run time could check them.
    const typed = rows as Row[];
    return changing.has(command) ? { rows: typed, numAffectedRows: BigInt(rowCount) } : { rows: typed };
  }

  /** A transaction's statements cannot be repeated alone: `inTransaction` repeats all of them. */
  async #run({ sql, parameters }: CompiledQuery): Promise<Answer> {
    if (this.inTransaction) return this.session.query(sql, parameters);
    return repeatWhenLost(
      () => this.session.query(sql, parameters),
      async () => {
        // A connection with plans from before a migration is not used again.
        await this.release();
        this.#session = await this.#acquire();
      },
    );
  }

  async release(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }

  /** The port has no cursors; callers page by key. */
  streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error("streaming is not supported: page by key");
  }
}

class SessionDriver implements Driver {
  readonly #acquire: AcquireSession;

  constructor(acquire: AcquireSession) {
    this.#acquire = acquire;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SessionConnection> {
    return new SessionConnection(await this.#acquire(), this.#acquire);
  }

  async releaseConnection(connection: SessionConnection): Promise<void> {
    await connection.release();
  }

  async beginTransaction(connection: SessionConnection, settings: TransactionSettings): Promise<void> {
    const isolation = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : "";
    const access = settings.accessMode ? ` ${settings.accessMode}` : "";
    await connection.session.query(`begin${isolation}${access}`, []);
    connection.inTransaction = true;
  }

  async commitTransaction(connection: SessionConnection): Promise<void> {
    const { command } = await connection.session.query("commit", []);
    // Postgres answers COMMIT of a failed transaction with a rollback and no error; the caller must not believe it.
    if (command === "ROLLBACK") throw new Error("the transaction had failed and was rolled back instead of committed");
  }

  async rollbackTransaction(connection: SessionConnection): Promise<void> {
    await connection.session.query("rollback", []);
  }

  async savepoint(connection: SessionConnection, name: string, compile: QueryCompiler["compileQuery"]): Promise<void> {
    await connection.executeQuery(savepointCommand("savepoint", name, compile));
  }

  async rollbackToSavepoint(
    connection: SessionConnection,
    name: string,
    compile: QueryCompiler["compileQuery"],
  ): Promise<void> {
    await connection.executeQuery(savepointCommand("rollback to", name, compile));
  }

  async releaseSavepoint(
    connection: SessionConnection,
    name: string,
    compile: QueryCompiler["compileQuery"],
  ): Promise<void> {
    await connection.executeQuery(savepointCommand("release", name, compile));
  }

  /** Connections belong to the Database, not to one query builder. */
  async destroy(): Promise<void> {}
}

function savepointCommand(command: string, name: string, compile: QueryCompiler["compileQuery"]): CompiledQuery {
  const node = RawNode.createWithChildren([RawNode.createWithSql(`${command} `), IdentifierNode.create(name)]);
  return compile(node, createQueryId());
}

/** A Kysely dialect that speaks Postgres over the given sessions. */
export function sessionDialect(acquire: AcquireSession): Dialect {
  return {
    createDriver: () => new SessionDriver(acquire),
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  };
}
