// What statements that are written as SQL share.
import { type Kysely, sql } from "kysely";

/** For statements that are written as SQL: Kysely carries them and their parameters, and knows no tables. */
export type Db = Kysely<Record<string, never>>;

/** `value` as a parameter of the type jsonb. */
export const jsonb = (value: unknown) => sql`${JSON.stringify(value)}::jsonb`;
