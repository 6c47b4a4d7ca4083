// What to do when the database says no.
import { ChatError } from "@khui/contracts";
import { failureKind } from "@khui/database";

/** Two of anything that deadlocks or collides will not do so for ever. */
const attempts = 5;

/**
 * Runs a statement again when it lost against a concurrent one (deadlock, serialization, or the same clientMessageId
 * committed meanwhile: the next try sees it). A database out of reach, or a lock that is not to be had, is service_unavailable.
 */
export async function withRetry<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await again(statement);
  } catch (error) {
    throw asAnswer(error);
  }
}

/** The same, but failing with what the database said. */
export async function again<T>(statement: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await statement();
    } catch (error) {
      const kind = failureKind(error);
      if (attempt === attempts || (kind !== "serialization" && kind !== "unique_violation")) throw error;
    }
  }
}

/** A failure as callers are told of it. */
export function asAnswer(error: unknown): unknown {
  if (!isOutage(error) && !isLocked(error)) return error;
  return Object.assign(new ChatError("service_unavailable", { retryAfter: 1 }), { cause: error });
}

/** The whole database cannot be had. */
export function isOutage(error: unknown): boolean {
  const kind = failureKind(error);
  return kind === "unavailable" || kind === "timeout";
}

/** Somebody holds the row for too long. */
export const isLocked = (error: unknown): boolean => failureKind(error) === "locked";
