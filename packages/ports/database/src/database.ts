// The database port: what it promises.
import type { Kysely } from "kysely";

export interface MigrationOptions {
  /**
   * How long to wait for each lock, that of another replica's migration above all; 240,000 ms by default, which ends
   * before the five minutes that Kubernetes gives a service to start (deploy/k8s/base/every-service.yaml).
   */
  readonly lockTimeoutMs?: number;
}

/**
 * One opened Postgres database.
 *
 * These are the JavaScript values: `int8` as a number (a value beyond 2^53 fails the query),
 * `numeric`, `date`, `timestamp` and `interval` as text, `timestamptz` as a Date, `json`/`jsonb` parsed, arrays as
 * arrays, `bytea` as a Buffer. A parameter meant for a `jsonb` column must be passed as `JSON.stringify(value)`:
 * a bare array would be sent as a Postgres array.
 *
 * A transaction that went wrong inside and was committed all the same fails, it is never rolled back in silence.
 */
export interface Database {
  /**
   * A typed query builder for one service. All of them share the connection(s); the owner of the Database closes
   * them, so `destroy()` on a builder closes nothing. Queries spell their schema (`messages.rooms`): `search_path`
   * is never changed.
   */
  kysely<Tables>(): Kysely<Tables>;

  /**
   * Runs the folder's numbered files `NNNN-name.sql` (0001 first) that have not run yet, in order, each in its own
   * transaction together with its record in `<schema>.migrations`. Every transaction locks that table, so many
   * replicas may start together, and who has no rights in the schema can hold up none of them. Where nothing is
   * left to do nothing is locked. The schema is created if it is missing. Files spell their schema, and hold
   * nothing that ends or refuses a transaction (`COMMIT`, `CREATE INDEX CONCURRENTLY`).
   *
   * A database that is ahead, with migrations applied that the folder does not know yet, is accepted, so that an
   * old replica can start during an upgrade.
   *
   * @returns the names of the files that this call applied
   * @throws on a gap or a repeated number, on a changed name of an applied file, and on a failing statement, of
   *   whose file nothing stays, also where a lock is not acquired in time; the database's own error is the `cause`, and
   *   `failureKind` sees it
   */
  migrate(schema: string, folder: string | URL, options?: MigrationOptions): Promise<{ applied: string[] }>;

  /** Answers when the database does. @throws an error of kind `unavailable` */
  ping(): Promise<void>;

  /** Connections open, connections idle, and callers waiting for one. */
  stats(): { total: number; idle: number; waiting: number };

  /** Lets running queries end, then closes. Queries from then on fail as `unavailable`. Calling it again is harmless. */
  close(): Promise<void>;
}
