// Sessions of Socket.IO behind the edge: every request of one reaches the gateway that holds it, without a cookie.

import { type Edge, type EdgeOptions, type Replicas, startEdge } from "@khui/backends/edge";
import { ask, type Client, connect, openPolling, pollingQuery, type Rig, start } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";

const gatewayNames = ["gateway-one", "gateway-two", "gateway-three"];

/** Three engines that do not relay: each refuses what belongs to another. Every socket echoes. */
async function startGateways(t: Test): Promise<{ rigs: Rig[]; replicas: Replicas }> {
  const rigs = await Promise.all(
    gatewayNames.map((ownerId) =>
      start(t, { ownerId }, (socket) => socket.onEvent((event, args) => socket.emit(event, ...args))),
    ),
  );
  const others = serviceNames.filter((name) => name !== "realtime-gateway").map((name) => [name, []]);
  const replicas = { ...Object.fromEntries(others), "realtime-gateway": rigs.map(({ url }) => url) };
  return { rigs, replicas };
}

async function edgeOf(t: Test, replicas: Replicas, options?: EdgeOptions): Promise<Edge> {
  const edge = await startEdge(replicas, options);
  t.teardown(() => edge.haproxy.stop());
  return edge;
}

/** Clients with default settings, each of which must stay connected. Resolves when all are connected, and `wanted`. */
async function connectAll(
  t: Test,
  count: number,
  url: string,
  options: Parameters<typeof connect>[2],
  wanted: (client: Client) => boolean = () => true,
): Promise<Client[]> {
  const clients = Array.from({ length: count }, () => connect(t, url, { ...options, reconnection: false }));
  let lost = 0;
  for (const client of clients)
    for (const event of ["connect_error", "disconnect"] as const) client.on(event, () => lost++);
  await until("all are connected as wanted", () => {
    if (lost > 0) throw new Error(`${lost} clients lost their connection`);
    return clients.every((client) => client.connected && wanted(client));
  });
  return clients;
}

const transportOf = ({ io }: Client): string => io.engine.transport.name;
const sidOf = (url: string): string => new URL(url).searchParams.get("sid") ?? "";
const ownerOf = (url: string): string => sidOf(url).replace(/\..*/, "");

test("clients with default settings all end on WebSocket, spread over the gateways", async (t) => {
  const gateways = await startGateways(t);
  const { url } = await edgeOf(t, gateways.replicas);
  await connectAll(t, 60, url, {}, (client) => transportOf(client) === "websocket");
  for (const { engine } of gateways.rigs) t.ok(engine.sockets.size > 10);
});

test("polls go to the session's gateway through any edge that has heard of it, and to another when it has stopped", async (t) => {
  const { replicas, rigs } = await startGateways(t);
  const edges = [await edgeOf(t, replicas), await edgeOf(t, replicas)] as const;
  const session = await openPolling(edges[0].url);
  const there = session.replace(edges[0].url, edges[1].url);
  const heardOf = new Set<string>();
  await until("the other edge has heard of every gateway", async () => {
    heardOf.add(ownerOf(await openPolling(edges[1].url)));
    return heardOf.size === gatewayNames.length;
  });
  t.match(await ask(session, "POST", "40"), { status: 200, body: "ok" });
  for (let asked = 0; asked < 10; asked += 1) {
    t.match(await ask(there, "POST", '42["echo",1]'), { status: 200, body: "ok" });
    const answer = await ask(session);
    t.match(answer, { status: 200, body: /"echo",1/ });
    t.notOk("x-owner-id" in answer.headers, "a matter of the edge");
  }
  const owner = rigs[gatewayNames.indexOf(ownerOf(session))];
  owner?.server.close();
  owner?.server.closeAllConnections();
  t.match(await ask(session), { status: 400, body: /Session ID unknown/ }, "another gateway answers");
});

const polling = { transports: ["polling"] };

test("polls of open sessions are not counted as requests of an address", async (t) => {
  const { replicas } = await startGateways(t);
  const { url } = await edgeOf(t, replicas, { environment: { EDGE_REQUESTS_PER_ADDRESS: "300" } });
  const clients = await connectAll(t, 100, url, polling);
  for (let round = 1; round <= 5; round += 1) {
    const echoes = clients.map((client) => new Promise<number>((resolve) => client.once("echo", resolve)));
    for (const client of clients) client.emit("echo", round);
    t.ok((await Promise.all(echoes)).every((echo) => echo === round));
  }
  t.ok(clients.every(({ connected }) => connected));
});

for (const [what, limit, path] of [
  ["of sessions that do not exist", "EDGE_REQUESTS_PER_ADDRESS", `${pollingQuery}&sid=gateway-one.none`],
  ["of all sessions together", "EDGE_POLLS_PER_ADDRESS", undefined],
] as const) {
  test(`polls ${what} are limited`, async (t) => {
    const { replicas } = await startGateways(t);
    const { url } = await edgeOf(t, replicas, { environment: { [limit]: "40" } });
    const poll = path === undefined ? await openPolling(url) : `${url}${path}`;
    let asked = 0;
    await until("they are refused", async () => {
      asked += 1;
      return (await ask(poll, "POST", "6")).status === 429;
    });
    t.ok(asked >= 35, `refused after ${asked}`);
    t.equal((await ask(`${url}${pollingQuery}`)).status, 200, "a new session is another matter");
  });
}
