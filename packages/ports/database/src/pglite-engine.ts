// PGlite's one connection: its answers and errors made like Postgres's, and its death noticed.
import type { PGlite } from "@electric-sql/pglite";
import { DatabaseUnavailable } from "./failures.js";
import type { Answer, Session } from "./session.js";

/**
 * Severities after which a Postgres process is gone. Inside PGlite nothing ends it: asked again it may spin for ever,
 * and closed in order it would record as safe what it could not write.
 */
const deadly = new Set(["FATAL", "PANIC"]);

export class PgliteEngine {
  readonly #pglite: PGlite;
  #death: DatabaseUnavailable | undefined;

  constructor(pglite: PGlite) {
    this.#pglite = pglite;
  }

  async query(text: string, parameters: readonly unknown[]): Promise<Answer> {
    const { rows, command, rowCount } = await this.#ask(() =>
      this.#pglite.query<Record<string, unknown>>(text, [...parameters]),
    );
    // Every statement is answered with its command; an engine that has died inside answers with nothing at all.
    if (command === undefined) throw this.#died(new Error("it gave no answer"));
    return { rows, command, rowCount: rowCount ?? 0 };
  }

  async script(text: string): Promise<void> {
    await this.#ask(() => this.#pglite.exec(text));
  }

  /** Leaves no transaction open for the next turn. */
  async settle(): Promise<void> {
    if (this.#death === undefined && this.#pglite.ready && this.#pglite.isInTransaction()) {
      await this.script("rollback");
    }
  }

  /** Flushes and ends it. A dead one is left as it is: the next opening recovers from the log, as after a crash. */
  async close(): Promise<void> {
    if (this.#death === undefined) await this.#pglite.close();
  }

  async #ask<Result>(statement: () => Promise<Result>): Promise<Result> {
    if (this.#death) throw this.#death;
    try {
      return await statement();
    } catch (error) {
      if (!this.#pglite.ready) throw new DatabaseUnavailable("the database is closed", { cause: error });
      if (!(error instanceof Error)) throw error;
      // PGlite adds the statement and its parameters, from where people's messages would get into logs.
      for (const name of ["query", "params", "queryOptions"]) Reflect.deleteProperty(error, name);
      if (!deadly.has(String(Reflect.get(error, "severity")))) throw error;
      throw this.#died(error);
    }
  }

  #died(cause: Error): DatabaseUnavailable {
    this.#death = new DatabaseUnavailable(`the database engine has died, open it anew: ${cause.message}`, { cause });
    return this.#death;
  }
}

/** The one connection, for as long as a turn lasts. */
export class TurnSession implements Session {
  readonly #engine: PgliteEngine;
  readonly #endTurn: () => void;

  constructor(engine: PgliteEngine, endTurn: () => void) {
    this.#engine = engine;
    this.#endTurn = endTurn;
  }

  query(text: string, parameters: readonly unknown[]): Promise<Answer> {
    return this.#engine.query(text, parameters);
  }

  script(text: string): Promise<void> {
    return this.#engine.script(text);
  }

  async release(): Promise<void> {
    try {
      await this.#engine.settle();
    } finally {
      this.#endTurn();
    }
  }
}
