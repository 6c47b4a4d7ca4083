// What a service sees of the database: the port, and what its errors mean. Adapters are imported by their own paths.
export type { Kysely, RawBuilder } from "kysely";
export { sql } from "kysely";
export type { Database, MigrationOptions } from "./database.js";
export { constraintName, type FailureKind, failureKind } from "./failures.js";
export type { StatementObserver } from "./observed.js";
export { type Db, jsonb } from "./sql.js";
export { inTransaction } from "./transaction.js";
