// Requests that offer another protocol than WebSocket, or a WebSocket where there is none, get an ordinary answer.

import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { text } from "node:stream/consumers";
import { pollingQuery, start, type Test } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { createEngine } from "../src/index.js";

const h2c = ["connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQAoAAAAAIAAAAA"];
const webSocket = [
  "connection: Upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
];
const request = (line: string, headers: readonly string[], body = "") =>
  `${[`${line} HTTP/1.1`, "host: a", ...headers, `content-length: ${body.length}`, "", body].join("\r\n")}`;

/** An engine in front of a host that answers with what it received. */
async function startHost(t: Test): Promise<number> {
  const engine = createEngine({}, () => {});
  const server = createServer(async (incoming, response) => {
    response.end(`[${incoming.method} ${incoming.url} ${await text(incoming)}]`);
  });
  engine.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    await engine.close();
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function open(t: Test, port: number) {
  const socket = connectTcp(port, "127.0.0.1");
  t.teardown(() => socket.destroy());
  const seen = { socket, text: "" };
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    seen.text += chunk;
  });
  return seen;
}

for (const [name, headers] of [
  ["HTTP/2", h2c],
  ["a WebSocket elsewhere", webSocket],
] as const) {
  test(`${name}: bodies arrive, in pieces too, and the connection is kept`, async (t) => {
    const client = open(t, await startHost(t));
    client.socket.write(request("POST /one", headers, "first"));
    await until("the first is answered", () => client.text.includes("[POST /one first]"));
    const again = request("POST /two", headers, "second");
    client.socket.write(again.slice(0, -3));
    await new Promise(setImmediate);
    client.socket.write(again.slice(-3));
    await until("the second is answered", () => client.text.includes("[POST /two second]"));
    client.socket.write(request("GET /three", []));
    await until("a third without an offer is answered", () => client.text.includes("[GET /three ]"));
    t.equal(client.text.match(/HTTP\/1\.1 200 OK/g)?.length, 3);
  });
}

test("a client on polling that offers HTTP/2 gets a session", async (t) => {
  const { port } = await start(t, {}, () => {});
  const client = open(t, port);
  client.socket.write(request(`GET ${pollingQuery}`, h2c));
  await until("it has a session", () => client.text.includes('"sid"'));
  t.match(client.text, /^HTTP\/1\.1 200 OK/);
});
