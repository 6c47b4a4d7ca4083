// Runs again what failed because of a concurrent statement or a migration. Nothing else does.
import type { Kysely, Transaction } from "kysely";
import { failureKind } from "./failures.js";

/** Two transactions that deadlock or collide rarely do so twice. */
const attempts = 5;

/** Runs `work` again, after `between`, while it fails as `serialization`. */
export async function repeatWhenLost<T>(work: () => Promise<T>, between?: () => Promise<void>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || failureKind(error) !== "serialization") throw error;
      await between?.();
    }
  }
}

/**
 * Runs `work` in a transaction, and all of it again when it fails because of a concurrent one (at most five times): apart
 * from its statements, it must do nothing that cannot be done twice.
 */
export function inTransaction<Tables, T>(
  db: Kysely<Tables>,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  return repeatWhenLost(() => db.transaction().execute(work));
}
