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
 * Committing a transaction in which a statement failed throws: it is never rolled back silently.
 */
export interface Database {
  /**
   * A typed query builder for one service. All of them share the connection(s); the owner of the Database closes
   * them, so `destroy()` on a builder closes nothing. Queries name their schema (`messages.rooms`): `search_path`
   * is never changed.
   */
  kysely<Tables>(): Kysely<Tables>;

  /**
   * Runs the folder's numbered files `NNNN-name.sql` (0001 first) that have not run yet, in order, each in its own
   * transaction together with its record in `<schema>.migrations`. Every transaction locks that table, so many
   * replicas may start together, and a role without rights in the schema cannot block them. If no file is left to
   * run, nothing is locked. The schema is created if it is missing. Files name their schema, and contain nothing that
   * ends a transaction or cannot run in one (`COMMIT`, `CREATE INDEX CONCURRENTLY`).
   *
   * A database that is ahead, with migrations applied that the folder does not know yet, is accepted, so that an
   * old replica can start during an upgrade.
   *
   * @returns the names of the files that this call applied
   * @throws if a number is missing or repeated, if an applied file was renamed, and if a statement fails or a lock is
   *   not acquired in time, which undoes its whole file; the database's own error is the `cause`, and `failureKind`
   *   recognizes it
   */
  migrate(schema: string, folder: string | URL, options?: MigrationOptions): Promise<{ applied: string[] }>;

  /** Answers when the database does. @throws an error of kind `unavailable` */
  ping(): Promise<void>;

  /** Connections open, connections idle, and callers waiting for one. */
  stats(): { total: number; idle: number; waiting: number };

  /** Waits for running queries, then closes. Later queries fail as `unavailable`. Calling it again is harmless. */
  close(): Promise<void>;
}
