// What the database suite needs of the adapter and the test runner that it is run with.
import type { Database } from "@khui/database";

export interface ConformanceSubject {
  /** Registers one test, as `test` of any runner does. */
  test(name: string, run: () => Promise<void>): void;
  /** The database to try, the same one for each test; every test works in a schema of its own. */
  database(): Promise<Database>;
}
