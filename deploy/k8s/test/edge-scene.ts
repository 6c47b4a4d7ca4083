// The edge in a simulated cluster: real HAProxy with the manifest's configuration, stand-ins for services, cluster DNS.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { pipeline } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startHaproxy } from "@khui/backends/haproxy";
import { freePort } from "@khui/backends/probes";
import { until } from "@khui/test-kit/until";
import type { Test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";
import { startDns } from "./dns.js";

const file = fileURLToPath(new URL("../base/edge/haproxy.cfg", import.meta.url));
/** The addresses of every service's replicas. */
export const replicas = ["127.0.0.2", "127.0.0.3"] as const;
/** The address of every Service that stands for all ready replicas. */
const anyReplica = "127.0.0.9";
export const nameOf = (service: string): string => `${service}.khui.svc.cluster.local`;

export interface Answer {
  readonly status: number;
  readonly service?: string;
  readonly replica: string;
  readonly headers?: IncomingMessage["headers"];
  readonly body: unknown;
}

/** All services except those `without` replicas. Everything is closed with `t`. */
export async function edgeScene(
  t: Test,
  without: readonly string[] = [],
  limits: Readonly<Record<string, string>> = {},
) {
  const dns = await startDns();
  t.teardown(() => dns.close());
  let configuration = readFileSync(file, "utf8").replace("parse-resolv-conf", `nameserver test 127.0.0.1:${dns.port}`);
  const running = new Map<string, readonly StandIn[]>();
  for (const service of serviceNames) {
    const started = await standIns(t, service);
    running.set(service, started);
    const { port } = started[0];
    if (!without.includes(service)) dns.addresses.set(nameOf(service), replicas);
    configuration = configuration.replace(new RegExp(`("${service}(?:-any)?\\.[^"]*:)3000"`, "g"), `$1${port}"`);
  }
  const environment = {
    NAMESPACE: "khui",
    CLUSTER_DOMAIN: "cluster.local",
    EDGE_CONNECTIONS_PER_ADDRESS: "2000",
    EDGE_REQUESTS_PER_ADDRESS: "2000",
    EDGE_POLLS_PER_ADDRESS: "20000",
    ...limits,
  };
  const [port, statusPort] = [await freePort(), await freePort()];
  const haproxy = await startHaproxy(
    configuration.replace("bind :3101", `bind 127.0.0.1:${port}`).replace("bind :8404", `bind 127.0.0.1:${statusPort}`),
    { environment },
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
    /** The service's stand-ins, in the order of `replicas`. */
    standInsOf: (service: string): readonly StandIn[] => running.get(service) ?? [],
    /** Starts one more replica of a service, which DNS does not name. */
    start: (service: string, replica: string) => standIn(t, service, replica, running.get(service)?.[0]?.port),
    /** Balances connections over the replicas that `ready` names at the time, at the Service's own address, as a cluster does. */
    async startService(service: string, ready: () => readonly string[]): Promise<void> {
      const port = running.get(service)?.[0]?.port ?? 0;
      let turn = 0;
      const balancer = createTcpServer((client) => {
        const chosen = ready();
        const replica = connect({ port, host: chosen[turn++ % chosen.length] ?? "" });
        pipeline(client, replica, client, () => {});
      });
      t.teardown(() => balancer.close());
      await listen(balancer, port, anyReplica);
      dns.addresses.set(nameOf(`${service}-any`), [anyReplica]);
    },
    /** Sends a request that a stand-in holds. Resolves when it has arrived, with a function that lets it answer. */
    async hold(headers: Record<string, string>): Promise<() => void> {
      const before = held.length;
      const over = ask("/socket.io/held", headers);
      t.teardown(() => over);
      await until("it is held", () => held.length > before);
      const release = held[before]!;
      t.teardown(release);
      return release;
    },
    /** Repeats the request until the answer is as wanted, at most until the test's time limit. */
    async asks(path: string, wanted: (answer: Answer) => boolean): Promise<Answer> {
      for (;;) {
        const answer = await ask(path);
        if (wanted(answer)) return answer;
        await sleep(50);
      }
    },
  };
}

/** Functions that let stand-ins answer the requests they hold, in order of arrival. */
const held: Array<() => void> = [];

/** A server on each replica's address, all on one port. */
async function standIns(t: Test, service: string): Promise<readonly [StandIn, StandIn]> {
  for (;;) {
    const first = await standIn(t, service, replicas[0]);
    try {
      return [first, await standIn(t, service, replicas[1], first.port)];
    } catch (error) {
      // The port is taken on the second address.
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}

export interface StandIn {
  readonly port: number;
  /** Fails its readiness and answers everything else, until `noticed`; then nothing listens there any more. */
  stop(noticed: () => Promise<void>): Promise<void>;
}

/** Answers with its name and what it received; it holds /socket.io/held. */
async function standIn(t: Test, service: string, replica: string, wanted = 0): Promise<StandIn> {
  let stopping = false;
  const server = createServer(({ headers, url }, response) => {
    const answer = () => response.end(JSON.stringify({ service, replica, headers }));
    if (stopping) response.setHeader("connection", "close");
    if (url === "/readyz") response.writeHead(stopping ? 503 : 200).end();
    else if (url === "/socket.io/held") held.push(answer);
    else answer();
  });
  t.teardown(() => server.close());
  const port = await listen(server, wanted, replica);
  return {
    port,
    async stop(noticed) {
      stopping = true;
      await noticed();
      server.close();
    },
  };
}

function listen(server: TcpServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
