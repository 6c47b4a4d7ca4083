// The edge as deployed, on free loopback ports, in front of replicas that are given by address instead of Docker's names.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Haproxy, type HaproxyOptions, startHaproxy } from "./haproxy.js";
import { freePort } from "./probes.js";

const configuration = fileURLToPath(new URL("../../../../deploy/edge/haproxy.cfg", import.meta.url));
const attempts = 5;

/** The addresses of each service's replicas, by the service's name: http://host:port. */
export type Replicas = Readonly<Record<string, readonly string[]>>;

export interface Edge {
  /** The URL for clients. */
  readonly url: string;
  /** The same with TLS, where it has certificates. */
  readonly secureUrl: string | undefined;
  /** The URL of its metrics and statistics. */
  readonly internalUrl: string;
  readonly haproxy: Haproxy;
}

export interface EdgeOptions extends Pick<HaproxyOptions, "reloadable"> {
  /** Settings of haproxy.cfg; by default its limits are too high to be reached. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where clients reach it on loopback; a free one by default. */
  readonly port?: number | undefined;
  /** A folder of certificates for TLS; without it there is none. */
  readonly certificates?: string;
}

/** All tests come from one address, so they must not reach the limits per address by accident. */
const unlimited = {
  EDGE_CONNECTIONS_PER_ADDRESS: "1000000",
  EDGE_REQUESTS_PER_ADDRESS: "100000000",
  EDGE_POLLS_PER_ADDRESS: "100000000",
};

/** Runs HAProxy under deploy/edge/haproxy.cfg. A service without replicas answers 503. Throws what startHaproxy throws. */
export async function startEdge(
  replicas: Replicas,
  { port: wanted, certificates, environment = unlimited, ...options }: EdgeOptions = {},
): Promise<Edge> {
  const template = readFileSync(configuration, "utf8");
  const tls = certificates === undefined ? {} : { EDGE_TLS: "on" };
  for (let attempt = 1; ; attempt += 1) {
    const [port, internalPort, securePort] = [wanted ?? (await freePort()), await freePort(), await freePort()];
    const withTls = certificates === undefined ? undefined : { certificates, securePort };
    try {
      const haproxy = await startHaproxy(edgeFor(template, port, internalPort, replicas, withTls), {
        environment: { ...environment, ...tls },
        ...options,
      });
      return {
        url: `http://127.0.0.1:${port}`,
        secureUrl: withTls && `https://127.0.0.1:${securePort}`,
        internalUrl: `http://127.0.0.1:${internalPort}`,
        haproxy,
      };
    } catch (error) {
      // Another process can take a port between the choice and its use.
      if (wanted !== undefined || attempt === attempts) throw error;
    }
  }
}

function edgeFor(
  template: string,
  port: number,
  internalPort: number,
  replicas: Replicas,
  tls: { certificates: string; securePort: number } | undefined,
): string {
  return template
    .replace(/^ *\.if defined\(EDGE_TLS\)\n[\s\S]*?\.endif\n/m, (block) =>
      tls
        ? block.replace("bind :3443", `bind 127.0.0.1:${tls.securePort}`).replace("/etc/khui-tls/", tls.certificates)
        : "",
    )
    .replace(/^( *)bind :3101$/m, `$1bind 127.0.0.1:${port}`)
    .replace(/^( *)bind :8404$/m, `$1bind 127.0.0.1:${internalPort}`)
    .replace(/^resolvers docker\n(?: .*\n)*/m, "")
    .replace(/^( *)server-template (.+)- .*$/gm, (_line, indent: string, service: string) =>
      (replicas[service] ?? [])
        .map((url, index) => `${indent}server ${service}-${index + 1} ${new URL(url).host}`)
        .join("\n"),
    );
}
