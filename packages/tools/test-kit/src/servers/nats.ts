// The NATS server of these tests: the one that TEST_NATS_URL names, else a private one.
import { type Backends, startBackends } from "@khui/backends/backends";

/** Throws when there is no server and no way to get one. */
export async function natsServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env.TEST_NATS_URL;
  const backends = await startBackends(["nats"], { environment: given ? { NATS_URL: given } : {} });
  return { url: urlOf(backends), stop: backends.stop };
}

/** A private server, to be killed and restarted. */
export async function mortalNatsServer(): Promise<{
  url: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}> {
  const backends = await startBackends(["nats"], { environment: {} });
  return {
    url: urlOf(backends),
    kill: () => backends.kill("nats"),
    restart: () => backends.restart("nats"),
    stop: backends.stop,
  };
}

function urlOf({ natsUrl }: Backends): string {
  if (natsUrl === undefined) throw new Error("no NATS server was started");
  return natsUrl;
}
