// The Redis of a test: the one that TEST_REDIS_URL names, else a private one that ends with the test.
import { startBackends } from "@khui/backends/backends";
import type { TestFile } from "../test-file.js";

/** Its URL. Throws when there is no server and no way to get one. */
export async function redisForTest(t: TestFile): Promise<string> {
  const given = process.env.TEST_REDIS_URL;
  const { redisUrl, stop } = await startBackends(["redis"], { environment: given ? { REDIS_URL: given } : {} });
  t.teardown(stop);
  if (redisUrl === undefined) throw new Error("no Redis was started");
  return redisUrl;
}
