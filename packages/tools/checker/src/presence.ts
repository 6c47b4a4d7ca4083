// Whether everybody sees online who is connected, and nobody else.
import type { Actor } from "./actions.js";
import type { Ledger } from "./ledger.js";
import { failureAfter } from "./until.js";

export interface PresenceVerdict {
  /** Until it was true for all at once. */
  readonly ms: number;
  readonly differences: readonly string[];
}

/** Asks for each of `watchers`, who alone are connected, until all is true; for so many milliseconds at most. */
export async function awaitTruePresence(
  watchers: readonly Actor[],
  roomIds: readonly string[],
  ledger: Ledger,
  boundMs: number,
): Promise<PresenceVerdict> {
  const began = performance.now();
  const online = new Set(watchers.map(({ user }) => user.id));
  const rooms = roomIds.map((roomId) => ledger.membersOf(roomId));

  async function check({ user, follower }: Actor): Promise<void> {
    const answer = await follower.line.ask("get_online_users");
    if (!answer.success) throw new Error(`${user.id} asks who is online: ${answer.code}`);
    const seen = new Set((answer.data as ReadonlyArray<{ userId: string }>).map(({ userId }) => userId));
    const known = new Set(rooms.filter((members) => members.has(user.id)).flatMap((members) => [...members]));
    known.delete(user.id);
    const missing = [...known].filter((userId) => online.has(userId) && !seen.has(userId));
    const ghosts = [...seen].filter((userId) => !(online.has(userId) && known.has(userId)));
    if (missing.length + ghosts.length > 0)
      throw new Error(
        `${user.id} misses ${missing.join() || "nobody"}, sees the ghosts of ${ghosts.join() || "nobody"}`,
      );
  }

  const failures = await Promise.all(watchers.map((watcher) => failureAfter(boundMs, () => check(watcher))));
  return { ms: Math.round(performance.now() - began), differences: failures.filter((text) => text !== undefined) };
}
