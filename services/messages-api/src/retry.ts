// What to do when the database says no.
import { ChatError } from "@khui/contracts";
import { failureKind } from "@khui/database";

/** Two of anything that deadlocks or collides will not do so for ever. */
const attempts = 5;

/**
 * Runs a statement again when it lost against a concurrent one (deadlock, serialization, or the same clientMessageId
 * committed meanwhile: the next try sees it). A database out of reach is service_unavailable.
 */
export async function withRetry<T>(statement: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await statement();
    } catch (error) {
      const kind = failureKind(error);
      if (isOutage(error)) throw new ChatError("service_unavailable", { retryAfter: 1 });
      if (attempt === attempts || (kind !== "serialization" && kind !== "unique_violation")) throw error;
    }
  }
}

export function isOutage(error: unknown): boolean {
  if (error instanceof ChatError) return error.code === "service_unavailable";
  const kind = failureKind(error);
  return kind === "unavailable" || kind === "timeout";
}
