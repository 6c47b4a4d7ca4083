// Which failures concern the whole database, and which only a locked row.
import { failureKind } from "@khui/database";

/** The whole database is unavailable. */
export function isOutage(error: unknown): boolean {
  const kind = failureKind(error);
  return kind === "unavailable" || kind === "timeout";
}

/** Another transaction holds the row for too long. */
export const isLocked = (error: unknown): boolean => failureKind(error) === "locked";
