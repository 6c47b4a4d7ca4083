// What went wrong in the database, told by kind.

/** Thrown when no answer came from a database: not reached, lost on the way, closed, or no free connection. */
export class DatabaseUnavailable extends Error {
  override name = "DatabaseUnavailable";
}

export type FailureKind =
  | "unique_violation"
  | "foreign_key_violation"
  | "check_violation"
  | "serialization"
  | "unavailable"
  | "timeout"
  | "locked"
  | "other";

/** SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const kinds: Readonly<Record<string, FailureKind>> = {
  "23505": "unique_violation",
  "23503": "foreign_key_violation",
  "23514": "check_violation",
  "40001": "serialization", // serialization_failure
  "40P01": "serialization", // deadlock_detected
  "57014": "timeout", // query_canceled, by statement_timeout
  "55P03": "locked", // lock_not_available, by lock_timeout
  "57P01": "unavailable", // admin_shutdown
  "57P02": "unavailable", // crash_shutdown
  "57P03": "unavailable", // cannot_connect_now
  "53300": "unavailable", // too_many_connections
  "25P03": "unavailable", // idle_in_transaction_session_timeout, which closes the connection
  "25006": "unavailable", // read_only_sql_transaction: the server became a standby
};

/** An error and what it was caused by, nearest first. The bound keeps a circle of causes from looping. */
function* causes(error: unknown): Generator<Error> {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    yield current;
    current = current.cause;
  }
}

function field(error: Error, name: "code" | "constraint" | "routine"): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" ? value : undefined;
}

/**
 * Returns what kind of failure an error from a `Database` is, looking through its causes.
 *
 * - `serialization`: the transaction lost against another one, or against a migration; running it again may succeed
 * - `unavailable`: no database, no connection, or a server that is shutting down or read-only; try later
 * - `timeout`: the statement ran longer than it may
 * - `locked`: it waited for one lock longer than it may
 * - `other`: anything else, also an error that is not the database's
 */
export function failureKind(error: unknown): FailureKind {
  for (const cause of causes(error)) {
    if (cause instanceof DatabaseUnavailable) return "unavailable";
    const code = field(cause, "code");
    if (code === undefined) continue;
    const kind = kinds[code];
    if (kind) return kind;
    if (isStalePlan(cause)) return "serialization";
    if (/^08[0-9A-Z]{3}$/.test(code)) return "unavailable"; // class 08: connection exceptions
  }
  return "other";
}

/** A prepared statement met a table that a migration has changed since. On a new connection it is prepared again. */
export function isStalePlan(error: unknown): boolean {
  return (
    error instanceof Error && field(error, "code") === "0A000" && field(error, "routine") === "RevalidateCachedQuery"
  );
}

/** The name of the constraint that a failed statement broke, if the error tells one. */
export function constraintName(error: unknown): string | undefined {
  for (const cause of causes(error)) {
    const name = field(cause, "constraint");
    if (name !== undefined) return name;
  }
  return undefined;
}
