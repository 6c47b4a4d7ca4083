// The edge with its own configuration in front of stand-ins for the services: routes, limits, balancing, metrics, reload.

import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import { get } from "node:https";
import { type AddressInfo, createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { type Edge, type EdgeOptions, type Replicas, startEdge } from "@khui/backends/edge";
import { type ErrorCode, errorText } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";

/** Answers with its name, holds requests for /socket.io/held, and echoes on every upgraded connection. */
async function standIn(t: Test, name: string): Promise<string> {
  const server: Server = createServer((request, response) => {
    if (request.url?.startsWith("/socket.io/held")) return;
    response.setHeader("x-seen", String(request.headers["x-forwarded-for"]));
    response.end(name);
  });
  server.on("upgrade", ({ headers }: IncomingMessage, socket: Socket) => {
    // RFC 6455, section 4.2.2: the edge checks whether a WebSocket was requested.
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const head = ["HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: websocket", `x-name: ${name}`];
    socket.write([...head, `sec-websocket-accept: ${accept}`, "", ""].join("\r\n"));
    socket.pipe(socket);
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function edgeOf(t: Test, options?: EdgeOptions, gateways = ["realtime-gateway"]): Promise<Edge> {
  const replicas: Record<string, string[]> = {};
  for (const name of serviceNames.filter((name) => name !== "realtime-gateway"))
    replicas[name] = [await standIn(t, name)];
  replicas["realtime-gateway"] = await Promise.all(gateways.map((name) => standIn(t, name)));
  const edge = await startEdge(replicas as Replicas, options);
  t.teardown(() => edge.haproxy.stop());
  const names = new Set<string>();
  await until(
    "every gateway is seen",
    async () => names.add(await (await ask(edge, "/ws")).text()).size === gateways.length,
  );
  return edge;
}

/** Opens a new connection. */
const ask = (edge: Edge, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${edge.url}${path}`, { headers: { connection: "close", ...headers } });

interface Upgraded {
  readonly head: string;
  readonly socket: Socket;
  /** What the edge sends back. */
  echo(text: string): Promise<string>;
}

async function upgrade(t: Test, edge: Edge): Promise<Upgraded> {
  const socket = createConnection(Number(new URL(edge.url).port), "127.0.0.1");
  t.teardown(() => socket.destroy());
  socket.on("error", () => {});
  const key = randomBytes(16).toString("base64");
  const request = ["GET /ws HTTP/1.1", "host: x", "connection: upgrade", "upgrade: websocket"];
  socket.write([...request, `sec-websocket-key: ${key}`, "", ""].join("\r\n"));
  const [head] = (await once(socket, "data")) as [Buffer];
  if (!head.toString().startsWith("HTTP/1.1 101")) throw new Error(`no WebSocket: ${head}`);
  return {
    head: head.toString(),
    socket,
    async echo(text) {
      socket.write(text);
      const [back] = (await once(socket, "data")) as [Buffer];
      return back.toString();
    },
  };
}

test("each path is routed to its service, with the client address that the edge saw", async (t) => {
  const edge = await edgeOf(t);
  const routes = {
    "/api/v1/chat/rooms": "rooms-api",
    "/api/v1/chat/rooms/1/participants": "rooms-api",
    "/api/v1/chat/users/me/status": "rooms-api",
    "/anything": "rooms-api",
    "/api/v1/chat/rooms/1/messages": "messages-api",
    "/api/v1/chat/rooms/1/messages?limit=1": "messages-api",
    "/api/v1/chat/rooms/1/read": "messages-api",
    "/api/v1/chat/rooms/1/stats": "messages-api",
    "/api/v1/chat/messages/1": "messages-api",
    "/api/v1/chat/rooms/1/messages/media": "media-service",
    "/api/v1/chat/media/1": "media-service",
    "/api/v1/chat/avatars": "media-service",
    "/api/v1/chat/avatars/1/96.webp": "media-service",
    "/api/v1/chat/avatarsnot": "rooms-api",
    "/api/v1/chat/rooms/1/messages/sticker": "sticker-service",
    "/api/v1/chat/stickers/sets": "sticker-service",
    "/socket.io/?EIO=4": "realtime-gateway",
    "/ws": "realtime-gateway",
  };
  for (const [path, service] of Object.entries(routes)) {
    const answer = await ask(edge, path, { "x-forwarded-for": "6.6.6.6" });
    t.equal(await answer.text(), service, path);
    t.equal(answer.headers.get("x-seen"), "127.0.0.1");
  }
});

test("metrics and statistics are only on the internal port, and readiness is not exposed", async (t) => {
  const edge = await edgeOf(t);
  for (const path of ["/metrics", "/readyz", "/%72eadyz"]) {
    const answer = await ask(edge, path);
    t.equal(answer.status, 404, path);
    t.match(await answer.json(), { success: false, statusCode: 404, code: "not_found" });
  }
  t.equal(await (await ask(edge, "/stats")).text(), "rooms-api");
  const metrics = await (await fetch(`${edge.internalUrl}/metrics`)).text();
  t.match(metrics, /haproxy_backend_http_responses_total\{proxy="rooms-api",code="2xx"\} \d/);
  t.match(await (await fetch(`${edge.internalUrl}/stats`)).text(), /Statistics Report/);
  t.equal((await fetch(`${edge.internalUrl}/healthz`)).status, 200);
});

test("what the edge answers by itself has the usual error format, and the wording of the services", (t) => {
  const configuration = readFileSync(new URL("../haproxy.cfg", import.meta.url), "utf8");
  const answers = [...configuration.matchAll(/http-error status (\d+) .* string '(.*?)'/g)];
  t.same(
    answers.map(([, status]) => status),
    ["400", "404", "408", "429", "500", "502", "503", "504"],
    "all that HAProxy 2.6 to 3.0 sends under this configuration",
  );
  for (const [, status, body] of answers) {
    const { code, ...answer } = JSON.parse(body ?? "") as { code: ErrorCode };
    const message = errorText(code);
    t.same(answer, { success: false, statusCode: Number(status), error: STATUS_CODES[status ?? ""], message });
  }
  t.end();
});

test("an address that sends too many requests gets 429 in the usual error format", async (t) => {
  const edge = await edgeOf(t, { environment: { EDGE_REQUESTS_PER_ADDRESS: "40" } });
  let answer = await ask(edge, "/api/v1/chat/rooms");
  for (let asked = 0; asked < 60 && answer.status === 200; asked += 1) answer = await ask(edge, "/api/v1/chat/rooms");
  t.equal(answer.status, 429);
  t.ok(Number(answer.headers.get("retry-after")) > 0);
  t.match(await answer.json(), { success: false, statusCode: 429, code: "rate_limited" });
});

test("an address is limited to a number of connections, and gets another when one has closed", async (t) => {
  const edge = await edgeOf(t, { environment: { EDGE_CONNECTIONS_PER_ADDRESS: "10" } });
  const held: Upgraded[] = [];
  for (let opened = 0; opened < 10; opened += 1) held.push(await upgrade(t, edge));
  t.equal(await held[9]?.echo("hello"), "hello");
  await t.rejects(ask(edge, "/ws"), "the eleventh is refused");
  held[0]?.socket.destroy();
  await until("one more is taken", async () => (await ask(edge, "/ws").catch(() => undefined))?.status === 200);
  t.pass("one more is taken");
});

test("the gateway with the fewest sockets gets the next one", async (t) => {
  const edge = await edgeOf(t, undefined, ["one", "other"]);
  const nameOf = ({ head }: Upgraded): string => /x-name: (\w+)/.exec(head)?.[1] ?? head;
  const sockets = [];
  for (let opened = 0; opened < 6; opened += 1) sockets.push(await upgrade(t, edge));
  const onOne = sockets.filter((socket) => nameOf(socket) === "one");
  t.equal(onOne.length, 3);
  for (const { socket } of onOne) socket.destroy();
  // The edge has noticed that they closed when the next three all go to the gateway they left.
  await until("the emptied one fills up", async () => {
    const next = [await upgrade(t, edge), await upgrade(t, edge), await upgrade(t, edge)];
    if (next.every((socket) => nameOf(socket) === "one")) return true;
    for (const { socket } of next) socket.destroy();
    return false;
  });
  t.pass("the emptied one fills up");
});

test("a failed request is logged as JSON, without its query, and a lost replica once", async (t) => {
  const lost = (name: string) => (name === "media-service" ? ["http://127.0.0.1:1"] : []);
  const edge = await startEdge(Object.fromEntries(serviceNames.map((name) => [name, lost(name)])));
  t.teardown(() => edge.haproxy.stop());
  const path = '/api/v1/chat/media/"1"';
  const lines = (): string[] => edge.haproxy.logTail().split("\n");
  await until("the replica is down", () => lines().some((line) => line.includes("media-service-1 is DOWN")));
  t.equal((await ask(edge, `${path}?sig=secret`, { "x-request-id": "one-of-mine" })).status, 503);
  await until("it is logged", () => lines().some((line) => line.includes("one-of-mine")));
  const [failed = ""] = lines().filter((line) => line.includes("one-of-mine"));
  t.match(JSON.parse(failed), { level: 50, name: "edge", requestId: "one-of-mine", method: "GET", status: 503 });
  t.equal(JSON.parse(failed).path, encodeURI(path));
  t.notMatch(lines().join("\n"), /secret/);
  t.equal(lines().filter((line) => line.includes("media-service-1 is DOWN")).length, 1);
});

test("a reload breaks no WebSocket, and the edge keeps working", async (t) => {
  const edge = await edgeOf(t, { reloadable: true });
  const socket = await upgrade(t, edge);
  const counted = async (): Promise<number> => {
    const answer = await fetch(`${edge.internalUrl}/metrics`, { headers: { connection: "close" } });
    return Number(/^haproxy_frontend_http_requests_total\{proxy="edge"\} (\d+)/m.exec(await answer.text())?.[1]);
  };
  const before = await counted();
  t.ok(before > 0);
  let askedAt = Number.NEGATIVE_INFINITY;
  await until("the edge was reloaded", async () => {
    // A master that has only just started may miss the signal.
    if (performance.now() - askedAt > 2_000) {
      edge.haproxy.reload();
      askedAt = performance.now();
    }
    // A new process counts from zero.
    return (await counted().catch(() => before)) < before;
  });
  t.equal(await socket.echo("still here"), "still here");
  t.equal(await (await ask(edge, "/anything")).text(), "rooms-api");
});

test("with a folder of certificates it serves HTTPS too, by TLS 1.2 or later", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "khui-certificates-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const made = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-subj",
    "/CN=localhost",
  ];
  const pem = execFileSync("openssl", [...made, "-keyout", "-", "-out", "-"], { encoding: "utf8", stdio: "pipe" });
  writeFileSync(join(folder, "chat.pem"), pem);
  const edge = await edgeOf(t, { certificates: folder });
  const asked = (options: object) =>
    new Promise<[string, string | null]>((resolve, reject) => {
      get(
        `${edge.secureUrl}/api/v1/chat/rooms`,
        { ca: pem, servername: "localhost", agent: false, ...options },
        (response) => {
          const protocol = (response.socket as TLSSocket).getProtocol();
          response.toArray().then((chunks) => resolve([Buffer.concat(chunks).toString(), protocol]), reject);
        },
      ).on("error", reject);
    });
  t.same(await asked({}), ["rooms-api", "TLSv1.3"]);
  t.same(await asked({ maxVersion: "TLSv1.2" }), ["rooms-api", "TLSv1.2"]);
  await t.rejects(asked({ minVersion: "TLSv1", maxVersion: "TLSv1.1" }));
  t.equal((await ask(edge, "/api/v1/chat/rooms")).status, 200, "and HTTP as before");
});
