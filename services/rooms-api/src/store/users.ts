// The user directory.
import { type IssuedProfile, type User, visibleText } from "@khui/contracts";
import { type Db, sql } from "@khui/database";

interface Saved {
  readonly id: string;
  readonly name: string | null;
  readonly avatar: string | null;
  readonly issued_at: number;
}

/** What is said to have been issued later than this from now is as of then: nobody may set a name for good. */
const maxClockSkewMs = 30_000;

/**
 * Saves profiles. One that was issued later, or at the same time, replaces what is stored, except where it says nothing: a field is
 * absent, or nothing of a name is seen. One that was issued earlier, or at no known time, only fills in what is missing. Unchanged rows are
 * only read: to lock a row for an update that changes nothing would cost a write and a flush. In the order of ids, so that two
 * of these cannot deadlock.
 */
export async function saveUsers(db: Db, users: readonly IssuedProfile[]): Promise<void> {
  const given = new Map<string, Saved>();
  for (const user of users.map(savedForm)) given.set(user.id, merge(given.get(user.id) ?? user, user));
  const before = outcomeOf("given");
  const now = outcomeOf("excluded");
  await sql`
    INSERT INTO rooms.users (id, name, avatar, issued_at)
    SELECT given.id, given.name, given.avatar, given.issued_at
    FROM jsonb_to_recordset(${JSON.stringify([...given.values()])}::jsonb)
      AS given(id text, name text, avatar text, issued_at bigint)
    WHERE (SELECT ${before} IS NOT DISTINCT FROM (users.name, users.avatar, users.issued_at)
      FROM rooms.users WHERE users.id = given.id) IS NOT TRUE
    ORDER BY given.id COLLATE "C"
    ON CONFLICT (id) DO UPDATE SET (name, avatar, issued_at) = ${now}, updated_at = now()
    WHERE ${now} IS DISTINCT FROM (users.name, users.avatar, users.issued_at)`.execute(db);
}

function savedForm({ _id, name, avatar, issuedAt }: IssuedProfile): Saved {
  const seen = visibleText(name ?? "") || null;
  // Who says nothing says nothing at any time.
  const at = seen === null && avatar === undefined ? 0 : Math.min(issuedAt ?? 0, Date.now() + maxClockSkewMs);
  return { id: _id, name: seen, avatar: avatar ?? null, issued_at: at };
}

/** What is saved of two profiles of a user. */
function merge(known: Saved, given: Saved): Saved {
  const isNewer = given.issued_at > 0 && given.issued_at >= known.issued_at;
  const [first, second] = isNewer ? [given, known] : [known, given];
  const issued_at = Math.max(known.issued_at, given.issued_at);
  return { id: given.id, name: first.name ?? second.name, avatar: first.avatar ?? second.avatar, issued_at };
}

/** The same of the stored row and one of the others, as a row of SQL. */
function outcomeOf(other: "given" | "excluded") {
  const given = sql.raw(other);
  const isNewer = sql`${given}.issued_at > 0 AND ${given}.issued_at >= users.issued_at`;
  return sql`ROW(
    CASE WHEN ${isNewer} THEN coalesce(${given}.name, users.name) ELSE coalesce(users.name, ${given}.name) END,
    CASE WHEN ${isNewer} THEN coalesce(${given}.avatar, users.avatar) ELSE coalesce(users.avatar, ${given}.avatar) END,
    greatest(users.issued_at, ${given}.issued_at))`;
}

/** In the order of the ids; unknown users have nulls. */
export async function findUsers(db: Db, userIds: readonly string[]): Promise<User[]> {
  const { rows } = await sql<User & { id: string }>`
    SELECT id, name, avatar FROM rooms.users WHERE id = ANY(${userIds}::text[])`.execute(db);
  const known = new Map(rows.map((row) => [row.id, row]));
  return userIds.map((_id) => ({ _id, name: known.get(_id)?.name ?? null, avatar: known.get(_id)?.avatar ?? null }));
}
