// The edge in a simulated cluster: real HAProxy with the manifest's configuration, stand-ins for services, cluster DNS.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
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
  for (const service of serviceNames) {
    const port = await standIns(t, service);
    if (!without.includes(service)) dns.addresses.set(nameOf(service), replicas);
    configuration = configuration.replace(new RegExp(`("${service}\\.[^"]*:)3000"`), `$1${port}"`);
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

/** A server on each replica's address, all on one port, which answers with its name and what it received; it holds /socket.io/held. */
async function standIns(t: Test, service: string): Promise<number> {
  for (;;) {
    const servers = replicas.map((replica) =>
      createServer(({ headers, url }, response) => {
        const answer = () => response.end(JSON.stringify({ service, replica, headers }));
        if (url === "/socket.io/held") held.push(answer);
        else answer();
      }),
    );
    try {
      const port = await listen(servers[0]!, 0, replicas[0]);
      await listen(servers[1]!, port, replicas[1]);
      for (const server of servers) t.teardown(() => server.close());
      return port;
    } catch (error) {
      // The port is taken on the second address.
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
