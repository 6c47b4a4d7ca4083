// Checks of what callers hand to a presence adapter, the same for every adapter.
import type { Choice, Status } from "./index.js";

/** How long the last status and lastSeen of an offline user are kept, in ms. */
export const rememberedMs = 30 * 24 * 60 * 60 * 1000;

const statuses: readonly string[] = ["online", "away", "busy", "invisible"] satisfies Status[];
const longestId = 128;
const longestDurationMs = 24 * 60 * 60 * 1000;

/**
 * Checks that every id has 1–128 characters and is well-formed: half a surrogate pair has no UTF-8 form, so two
 * such ids would be one user in Redis.
 * @throws RangeError naming what was wrong.
 */
export function checkIds(kind: "user" | "room" | "instance", ids: readonly string[]): void {
  for (const id of ids) {
    const fits =
      id.length >= 1 && (id.length <= longestId || (id.length <= 2 * longestId && [...id].length <= longestId));
    if (!fits) throw new RangeError(`${kind} id must have 1 to ${longestId} characters, has ${id.length}`);
    if (/\p{Surrogate}/u.test(id)) throw new RangeError(`${kind} id must be well-formed Unicode`);
  }
}

/** @throws RangeError unless the status is one that a user can choose, and the revision a whole number from 0 on. */
export function checkChoice({ status, revision }: Choice): void {
  if (!statuses.includes(status)) throw new RangeError("status must be online, away, busy or invisible");
  if (!Number.isSafeInteger(revision) || revision < 0) throw new RangeError("revision must be a whole number");
}

/** @throws RangeError unless ms is a whole number from 1 ms to one day. */
export function checkDuration(ms: number): void {
  if (!Number.isInteger(ms) || ms < 1 || ms > longestDurationMs) {
    throw new RangeError(`duration must be 1 to ${longestDurationMs} ms, is ${ms}`);
  }
}
