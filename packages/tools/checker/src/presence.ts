// Whether everybody sees exactly the connected people as online.
import type { Actor } from "./actions.js";
import type { Ledger } from "./ledger.js";
import { failureAfter } from "./until.js";

export interface PresenceResult {
  /** The time until it was correct for all. */
  readonly ms: number;
  readonly differences: readonly string[];
}

/** Polls the presence that each of `connected` sees, until it is correct for all; for at most `boundMs`. No others are connected. */
export async function awaitTruePresence(
  connected: readonly Actor[],
  roomIds: readonly string[],
  ledger: Ledger,
  boundMs: number,
): Promise<PresenceResult> {
  const began = performance.now();
  const online = new Set(connected.map(({ user }) => user.id));
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

  const failures = await Promise.all(connected.map((actor) => failureAfter(boundMs, () => check(actor))));
  return { ms: Math.round(performance.now() - began), differences: failures.filter((text) => text !== undefined) };
}
