// What the database suite needs from the adapter and from the test runner.
import type { Database } from "@khui/database";

export interface ConformanceSubject {
  /** Registers one test, as `test` of any runner does. */
  test(name: string, run: () => Promise<void>): void;
  /** The database under test, the same one for each test; every test works in its own schema. */
  database(): Promise<Database>;
}
