// One gateway process on real servers, with a member of a room who must notice nothing, and readings of what it holds.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBackends } from "@khui/backends/backends";
import type { Bus } from "@khui/bus";
import { connectNats } from "@khui/bus/nats";
import { type Client, connectClient } from "@khui/test-kit/client";
import { highLimits } from "@khui/test-kit/embedded";
import { serveRoomLogs } from "@khui/test-kit/room-logs";
import { startService } from "@khui/test-kit/service-process";
import { eventually, useSystem } from "@khui/test-kit/system";
import type { Test } from "tap";

export const room = "0123456789abcdef01234567";

/** Lets the process collect its garbage when it is sent SIGUSR2. */
const collectable =
  "data:text/javascript,import v8 from 'node:v8'; import vm from 'node:vm'; v8.setFlagsFromString('--expose-gc');" +
  "const gc=vm.runInNewContext('gc'); process.on('SIGUSR2',()=>{gc();gc()})";

export interface Besieged {
  readonly url: string;
  readonly port: number;
  readonly bus: Bus;
  token(userId: string): string;
  connect(userId: string): Promise<Client>;
  /** Resolves when the member has the room's next message. Throws when they missed one, got one twice, or lost their connection. */
  unnoticed(): Promise<void>;
  /** A metric of the gateway. */
  metric(name: string): Promise<number>;
  /** Megabytes after a collection, and open files. */
  held(): Promise<{ heap: number; resident: number; files: number }>;
}

/** Ended with `t`. The servers are its own, since it answers for messages-api. */
export async function startBesieged(t: Test, environment: Readonly<Record<string, string>>): Promise<Besieged> {
  const backends = await startBackends(["nats", "redis"], { environment: { PATH: process.env.PATH } });
  t.teardown(() => backends.stop());
  const folder = await mkdtemp(join(tmpdir(), "khui-besieged-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const bus = await connectNats({
    servers: backends.natsUrl ?? "",
    name: "test",
    onError: (error) => t.fail(String(error)),
  });
  t.teardown(() => bus.close());
  const logs = serveRoomLogs(bus, { [room]: ["member"] });
  await bus.flush();
  const secret = randomBytes(32).toString("hex");
  const gateway = await startService({
    service: "realtime-gateway",
    environment: {
      ...highLimits,
      NATS_URL: backends.natsUrl ?? "",
      REDIS_URL: backends.redisUrl ?? "",
      JWT_SECRET: secret,
      DRAIN_SECONDS: "0",
      NODE_OPTIONS: `--import="${collectable}"`,
      ...environment,
    },
    logFile: join(folder, "log"),
  });
  t.teardown(() => gateway.stop());
  const { sign } = await useSystem(t, { url: gateway.url, secret });
  const token = (sub: string) => sign({ sub });
  const connect = async (userId: string): Promise<Client> => {
    const client = await connectClient({
      url: gateway.url,
      userId,
      token: token(userId),
      connect: { transports: ["websocket"], reconnection: false },
      // The messages here are not as messages-api makes them.
      onViolation: () => {},
    });
    t.teardown(client.close);
    return client;
  };
  const member = await connect("member");
  await member.join(room);
  let said = 0;

  const scrape = async () => (await fetch(`${gateway.url}/metrics`)).text();
  const metricIn = (text: string, name: string): number =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(text)?.[1]);
  return {
    url: gateway.url,
    port: Number(new URL(gateway.url).port),
    bus,
    token,
    connect,
    async unnoticed() {
      said += 1;
      logs.append(room);
      await eventually(() => member.count("new_message") >= said, 30_000);
      const numbers = member.events.flatMap(({ event, payload }) =>
        event === "new_message" ? [(payload as unknown as { seq: number }).seq] : [],
      );
      if (numbers.some((seq, index) => seq !== index + 1)) throw new Error(`the member has ${numbers}`);
      if (!member.socket.connected) throw new Error("the member lost the connection");
    },
    metric: async (name) => metricIn(await scrape(), name),
    async held() {
      process.kill(gateway.pid, "SIGUSR2");
      const text = await scrape();
      const bytes = (name: string) => metricIn(text, name) / 1024 / 1024;
      return {
        heap: bytes("nodejs_heap_size_used_bytes"),
        resident: bytes("process_resident_memory_bytes"),
        files: metricIn(text, "process_open_fds"),
      };
    },
  };
}
