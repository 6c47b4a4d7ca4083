// What lost against a concurrent statement or a migration runs again, here and nowhere else.
import type { Kysely, Transaction } from "kysely";
import { failureKind } from "./failures.js";

/** Two of anything that deadlocks or collides will not do so for ever. */
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
 * Runs `work` in a transaction, and all of it again when it lost against a concurrent one (five times at most): it must do
 * nothing that cannot be done twice, beside its statements.
 */
export function inTransaction<Tables, T>(
  db: Kysely<Tables>,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  return repeatWhenLost(() => db.transaction().execute(work));
}
