// A test file, or one of its tests, as far as helpers need it.

/** The part of tap's test that closes what was opened for it. */
export interface TestFile {
  /** Runs `close` when the test has ended; the last one given is the first to run. */
  teardown(close: () => unknown): unknown;
}
