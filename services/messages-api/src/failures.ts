// Which failures of the database concern all of it, and which only who waits for the same lock.
import { failureKind } from "@khui/database";

/** The whole database cannot be had. */
export function isOutage(error: unknown): boolean {
  const kind = failureKind(error);
  return kind === "unavailable" || kind === "timeout";
}

/** Somebody holds the row for too long. */
export const isLocked = (error: unknown): boolean => failureKind(error) === "locked";
