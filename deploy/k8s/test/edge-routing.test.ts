// The edge of a cluster at work: real HAProxy with the manifest's configuration, stand-ins for services, and names like a cluster's.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";
import { startHaproxy } from "../../backends/haproxy.js";
import { freePort } from "../../backends/probes.js";
import { startDns } from "./dns.js";
import { type Service, services } from "./rendered.js";

const file = fileURLToPath(new URL("../base/edge/haproxy.cfg", import.meta.url));
const replicas = ["127.0.0.2", "127.0.0.3"] as const;
const nameOf = (service: string): string => `${service}.khui.svc.cluster.local`;

const room = "/api/v1/chat/rooms/65f1c0ffee65f1c0ffee65f1";
const paths: ReadonlyArray<readonly [path: string, service: Service]> = [
  ["/api/v1/chat/rooms", "rooms-api"],
  [`${room}/join`, "rooms-api"],
  ["/what/there/is/not", "rooms-api"],
  [`${room}/messages`, "messages-api"],
  [`${room}/read`, "messages-api"],
  ["/api/v1/chat/messages/1/reactions", "messages-api"],
  [`${room}/messages/media`, "media-service"],
  ["/api/v1/chat/media/1", "media-service"],
  [`${room}/messages/sticker`, "sticker-service"],
  ["/api/v1/chat/stickers/sets", "sticker-service"],
  ["/socket.io/?EIO=4&transport=polling", "realtime-gateway"],
  ["/ws", "realtime-gateway"],
];

test("requests go by their path to the service, in turn to each replica that its name has", async (t) => {
  const { dns, ask, asks } = await scene(t);
  for (const [path, service] of paths) {
    t.equal((await asks(path, (answer) => answer.status === 200)).service, service, path);
  }
  const seen = new Set<string>();
  while (seen.size < 2) seen.add((await ask("/ws")).replica);
  t.same([...seen].sort(), replicas, "both are asked");
  dns.addresses.set(nameOf("realtime-gateway"), [replicas[1]]);
  // Four answers in a row from one are no accident of taking turns.
  let row = 0;
  await asks("/ws", ({ replica }) => {
    row = replica === replicas[1] ? row + 1 : 0;
    return row === 4;
  });
  t.equal((await ask("/api/v1/chat/rooms")).status, 200, "the others are as they were");
});

test("a service that has no replica yet is told of in the API's shape, and is found when it has", async (t) => {
  const { dns, ask, asks } = await scene(t, ["sticker-service"]);
  await asks("/ws", ({ status }) => status === 200);
  const gone = await ask("/api/v1/chat/stickers/sets");
  t.equal(gone.status, 503);
  t.match(gone.body, { success: false, code: "service_unavailable" });
  dns.addresses.set(nameOf("sticker-service"), replicas);
  t.equal((await asks("/api/v1/chat/stickers/sets", ({ status }) => status === 200)).service, "sticker-service");
});

test("what the Ingress says of the client stays, and what is for the inside is not told", async (t) => {
  const { ask, asks, status } = await scene(t);
  await asks("/ws", (answer) => answer.status === 200);
  const { headers } = await ask("/ws", { "x-forwarded-for": "203.0.113.9", "x-request-id": "one-of-the-ingress" });
  t.equal(headers?.["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
  t.equal(headers?.["x-request-id"], "one-of-the-ingress");
  for (const path of ["/metrics", "/readyz", "/%6detrics"]) t.equal((await ask(path)).status, 404, path);
  t.equal((await fetch(`${status}/healthz`)).status, 200);
  t.match(await (await fetch(`${status}/metrics`)).text(), /haproxy_backend_active_servers\{proxy="rooms-api"\}/);
});

interface Answer {
  readonly status: number;
  readonly service?: string;
  readonly replica: string;
  readonly headers?: IncomingMessage["headers"];
  readonly body: unknown;
}

/** All services but those `without` replicas. Everything is gone with `t`. */
async function scene(t: Test, without: readonly Service[] = []) {
  const dns = await startDns();
  t.teardown(() => dns.close());
  let configuration = readFileSync(file, "utf8").replace("parse-resolv-conf", `nameserver test 127.0.0.1:${dns.port}`);
  for (const service of services) {
    const port = await standIns(t, service);
    if (!without.includes(service)) dns.addresses.set(nameOf(service), replicas);
    configuration = configuration.replace(new RegExp(`("${service}\\.[^"]*:)3000"`), `$1${port}"`);
  }
  Object.assign(process.env, { NAMESPACE: "khui", CLUSTER_DOMAIN: "cluster.local" });
  const [port, statusPort] = [await freePort(), await freePort()];
  const haproxy = await startHaproxy(
    configuration.replace("bind :3101", `bind 127.0.0.1:${port}`).replace("bind :8404", `bind 127.0.0.1:${statusPort}`),
  );
  t.teardown(() => haproxy.stop());

  async function ask(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    const text = await response.text();
    const body = text.startsWith("{") ? JSON.parse(text) : text;
    return { status: response.status, replica: "", body, ...(response.status === 200 ? body : {}) };
  }
  return {
    dns,
    ask,
    status: `http://127.0.0.1:${statusPort}`,
    /** Asks until the answer is as wanted; the test's own time limit ends it. */
    async asks(path: string, wanted: (answer: Answer) => boolean): Promise<Answer> {
      for (;;) {
        const answer = await ask(path);
        if (wanted(answer)) return answer;
        await sleep(50);
      }
    },
  };
}

/** A server on each of the replicas' addresses, on one port, that tells who it is and what it was told. */
async function standIns(t: Test, service: Service): Promise<number> {
  for (;;) {
    const servers = replicas.map((replica) =>
      createServer(({ headers }, response) => response.end(JSON.stringify({ service, replica, headers }))),
    );
    try {
      const port = await listen(servers[0]!, 0, replicas[0]);
      await listen(servers[1]!, port, replicas[1]);
      for (const server of servers) t.teardown(() => server.close());
      return port;
    } catch (error) {
      // The port is another's on the second address.
      for (const server of servers) server.close();
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
