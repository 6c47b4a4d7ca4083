// A plain round robin in front of several servers, which knows nothing of sessions: each request goes to the next one.
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { TestFile } from "./test-file.js";

export interface RoundRobin {
  readonly url: string;
  /** Upgrades that have come, and wait while `holdsUpgrades` is set. */
  readonly heldUpgrades: number;
  holdsUpgrades: boolean;
  /** Lets upgrades on, those that wait too. */
  releaseUpgrades(): void;
}

/** Takes turns at `servers` (http://host:port). One that takes no connection is passed over. */
export async function startRoundRobin(t: TestFile, servers: readonly string[]): Promise<RoundRobin> {
  let turn = 0;
  const nextServer = () => new URL(servers[turn++ % servers.length] ?? "");
  let held: (() => void)[] = [];
  const streams = new Set<Duplex>();

  function forward(request: IncomingMessage, body: Buffer, response: ServerResponse, triesLeft = servers.length): void {
    const { hostname, port } = nextServer();
    const { method, url: path, headers } = request;
    const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.once("error", () => response.destroy());
    });
    onward.once("error", (error) => {
      if (isRefused(error) && triesLeft > 1) forward(request, body, response, triesLeft - 1);
      else if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    response.once("close", () => onward.destroy());
    onward.end(body);
  }

  function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, triesLeft = servers.length): void {
    const { hostname, port } = nextServer();
    const onward = connect(Number(port), hostname);
    const end = () => {
      stream.destroy();
      onward.destroy();
    };
    const again = (error: Error) =>
      isRefused(error) && triesLeft > 1 ? upgrade(request, stream, head, triesLeft - 1) : end();
    onward.once("error", again);
    onward.once("connect", () => {
      const { method, url, rawHeaders } = request;
      const lines = [`${method} ${url} HTTP/1.1`];
      for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
      onward.write(`${lines.join("\r\n")}\r\n\r\n`);
      onward.write(head);
      onward.off("error", again);
      stream.pipe(onward).pipe(stream);
      streams.add(stream);
      for (const one of [stream, onward]) one.on("error", end).once("close", end);
      stream.once("close", () => streams.delete(stream));
    });
  }

  const server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on("data", (part: Buffer) => body.push(part));
    request.once("end", () => forward(request, Buffer.concat(body), response));
  });
  const balancer = {
    url: "",
    holdsUpgrades: false,
    get heldUpgrades() {
      return held.length;
    },
    releaseUpgrades() {
      balancer.holdsUpgrades = false;
      for (const go of held) go();
      held = [];
    },
  };
  server.on("upgrade", (request, stream, head) => {
    stream.on("error", () => stream.destroy());
    if (balancer.holdsUpgrades) held.push(() => upgrade(request, stream, head));
    else upgrade(request, stream, head);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    for (const stream of streams) stream.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  balancer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return balancer;
}

const isRefused = (error: Error): boolean => "code" in error && error.code === "ECONNREFUSED";
