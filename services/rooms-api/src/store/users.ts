// The user directory.
import { type User, type UserProfile, visibleText } from "@khui/contracts";
import { type Db, sql } from "@khui/database";

/**
 * Saves profiles; an absent field, and a name of which nothing is seen, keep the stored value. Of two profiles of one user the last counts. Unchanged rows are only
 * read: to lock a row for an update that changes nothing would cost a write and a flush. In the order of ids, so that two of
 * these cannot deadlock.
 */
export async function saveUsers(db: Db, users: readonly UserProfile[]): Promise<void> {
  const shown = users.map(({ name, ...user }) => ({ ...user, name: visibleText(name ?? "") || null }));
  const last = [...new Map(shown.map((user) => [user._id, user])).values()];
  await sql`
    INSERT INTO rooms.users (id, name, avatar)
    SELECT given._id, given.name, given.avatar
    FROM jsonb_to_recordset(${JSON.stringify(last)}::jsonb) AS given(_id text, name text, avatar text)
    WHERE (SELECT (users.name, users.avatar) IS NOT DISTINCT FROM
        (coalesce(given.name, users.name), coalesce(given.avatar, users.avatar))
      FROM rooms.users WHERE users.id = given._id) IS NOT TRUE
    ORDER BY given._id COLLATE "C"
    ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, users.name),
      avatar = coalesce(excluded.avatar, users.avatar), updated_at = now()
    WHERE (users.name, users.avatar) IS DISTINCT FROM
      (coalesce(excluded.name, users.name), coalesce(excluded.avatar, users.avatar))`.execute(db);
}

/** In the order of the ids; unknown users have nulls. */
export async function findUsers(db: Db, userIds: readonly string[]): Promise<User[]> {
  const { rows } = await sql<User & { id: string }>`
    SELECT id, name, avatar FROM rooms.users WHERE id = ANY(${userIds}::text[])`.execute(db);
  const known = new Map(rows.map((row) => [row.id, row]));
  return userIds.map((_id) => ({ _id, name: known.get(_id)?.name ?? null, avatar: known.get(_id)?.avatar ?? null }));
}
