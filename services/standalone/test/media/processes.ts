// media-service as a process of its own, with the processes and servers that it needs.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBackends } from "@khui/backends/backends";
import { highLimits } from "@khui/test-kit/embedded";
import { startS3Server } from "@khui/test-kit/servers/s3";
import { startService } from "@khui/test-kit/service-process";
import type { Test } from "tap";

export interface MediaProcesses {
  /** Of media-service. */
  readonly url: string;
  readonly roomsUrl: string;
  /** What tokens are signed with (HS256). */
  readonly secret: string;
}

/** Real Postgres, NATS and Redis are those of TEST_…_URL, or private ones; all that is started ends with `t`. */
export async function startMediaProcesses(t: Test): Promise<MediaProcesses> {
  const folder = await mkdtemp(join(tmpdir(), "khui-media-processes-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { TEST_POSTGRES_URL, TEST_NATS_URL, TEST_REDIS_URL, PATH } = process.env;
  const environment = { PATH, POSTGRES_URL: TEST_POSTGRES_URL, NATS_URL: TEST_NATS_URL, REDIS_URL: TEST_REDIS_URL };
  const backends = await startBackends(["postgres", "nats", "redis"], { environment });
  t.teardown(() => backends.stop());
  const s3 = await startS3Server();
  t.teardown(() => s3.close());
  const secret = randomBytes(16).toString("hex");
  const settings = {
    ...highLimits,
    POSTGRES_URL: backends.postgresUrl ?? "",
    NATS_URL: backends.natsUrl ?? "",
    REDIS_URL: backends.redisUrl ?? "",
    S3_URL: s3.url,
    S3_ACCESS_KEY: s3.accessKey,
    S3_SECRET_KEY: s3.secretKey,
    MEDIA_URL_SECRET: randomBytes(16).toString("hex"),
    SCRATCH_DIR: join(folder, "uploads"),
    JWT_SECRET: secret,
    // glibc keeps a heap for each thread otherwise, and what pictures leave behind in each of them looks like growth.
    MALLOC_ARENA_MAX: "2",
  };
  const start = async (service: string) => {
    const started = await startService({ service, environment: settings, logFile: join(folder, `${service}.log`) });
    t.teardown(() => started.stop());
    return started.url;
  };
  await start("messages-api");
  const roomsUrl = await start("rooms-api");
  return { url: await start("media-service"), roomsUrl, secret };
}
